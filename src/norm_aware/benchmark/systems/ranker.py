"""A system at work: retrieves, reranks, and says what it found as documents of the dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.benchmark.datasets.dataset import Document, Query
from norm_aware.benchmark.systems.encoder import Identity
from norm_aware.benchmark.systems.import_path import is_import_path, source_digest
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.reranker_name import as_similarity
from norm_aware.benchmark.systems.retrieving import TOP_K, Found
from norm_aware.benchmark.systems.system import System
from norm_aware.calibration.corpus import point_id
from norm_aware.encoder import model_files
from norm_aware.errors import BenchmarkError

if TYPE_CHECKING:  # seconds of imports, once there is something to find
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import NodeWithScore


class Ranker:
    """Finds a system's documents; what it needs for that is opened when it is first asked.

    Args:
        system: the system.
        indexes: what it searches.
        fingerprint: hash of everything that changes its ranking, as `ranking_fingerprint` gives it.
    """

    def __init__(self, system: System, indexes: Indexes, *, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._system = system
        self._indexes = indexes

    def retrieve(self, query: Query, vector: Sequence[float]) -> list[Found]:
        """The documents found, best first: those that the reranker saw, then the others.

        Raises:
            BenchmarkError: when a retriever returns something that is no document of the dataset.
        """
        from llama_index.core.schema import QueryBundle

        asked = QueryBundle(query.text, embedding=list(vector))
        nodes = self._retriever.retrieve(asked)
        if self._reranker is not None:
            depth = self._system.rerank_depth
            first = self._reranker.postprocess_nodes(nodes[:depth], query_bundle=asked)
            kept = {node.node_id for node in first}
            nodes = [*first, *(node for node in nodes if node.node_id not in kept)]
        return self._documents(nodes)[:TOP_K]

    def _documents(self, nodes: Sequence[NodeWithScore]) -> list[Found]:
        from norm_aware.llamaindex.nodes import NodeWithNorms

        found: dict[str, Found] = {}
        for node in nodes:
            document = self._document(node)
            if document.id not in found:  # the best of its parts stands for it
                norm = node.document_norm if isinstance(node, NodeWithNorms) else None
                score = None if node.score is None else float(node.score)
                found[document.id] = Found(document.id, score, norm, document.content)
        return list(found.values())

    def _document(self, node: NodeWithScore) -> Document:
        for key in (node.node_id, node.node.ref_doc_id):
            if key is not None and key in self._known:
                return self._known[key]
        raise BenchmarkError(
            f"System {self._system.name!r} found node {node.node_id!r}, which is no document of "
            f"{self._indexes.dataset.name!r}; a retriever must return nodes whose id, or whose source "
            "document's (ref_doc_id), is one of its ids."
        )

    @cached_property
    def _retriever(self) -> BaseRetriever:
        from norm_aware.benchmark.systems.retriever import open_retriever

        return open_retriever(self._system, self._indexes)

    @cached_property
    def _reranker(self) -> BaseNodePostprocessor | None:
        from norm_aware.benchmark.systems.reranker import open_reranker

        return open_reranker(self._system, self._indexes)

    @cached_property
    def _known(self) -> Mapping[str, Document]:
        documents = self._indexes.dataset.documents
        # stores that take UUIDs alone know a document by its point's
        return {key: document for document in documents for key in (point_id(document.id), document.id)}


def ranking_fingerprint(system: System, *, dataset: str, encoder: Identity) -> str:
    """Hash of everything that changes a system's ranking: a row of another one is no row of this system.

    Args:
        system: the system; its name, model and prompt have no say.
        dataset: digest of what is searched.
        encoder: what embedded it.

    Raises:
        BenchmarkError: when an import path leads nowhere, or a reranker's name can stand for none.
    """
    paths = [path for path in (system.retriever, system.reranker) if path and is_import_path(path)]
    parts = {
        "dataset": dataset,
        "encoder": encoder[1],
        "top_k": TOP_K,
        "similarity": system.similarity.name if system.similarity else None,
        "calibration": system.calibration.digest if system.calibration else None,
        "retriever": [system.retriever, system.alpha] if system.retriever else None,
        "reranker": [system.reranker, system.rerank_depth] if system.reranker else None,
        "exact": system.exact,
        "sources": [*(source_digest(path) for path in paths), *_model_files(system.reranker)],
    }
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def _model_files(reranker: str | None) -> list[str]:
    """What tells a cross-encoder in a folder from another one there; a hub's is known by its name."""
    if reranker is None or is_import_path(reranker) or as_similarity(reranker) is not None:
        return []
    return model_files(Path(reranker))  # none where it is no folder

"""The retriever of a system, as LlamaIndex knows one."""

from __future__ import annotations

from llama_index.core.base.base_retriever import BaseRetriever

from norm_aware.benchmark.systems.import_path import load_import_path
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.material import Material
from norm_aware.benchmark.systems.retrieving import TOP_K
from norm_aware.benchmark.systems.system import BM25, HYBRID, STOCK, System
from norm_aware.errors import BenchmarkError
from norm_aware.llamaindex.retriever import NormAwareRetriever
from norm_aware.numeric.similarity import COSINE
from norm_aware.qdrant.hybrid import Fusion


def open_retriever(system: System, indexes: Indexes) -> BaseRetriever:
    """The retriever of a system, over the index it needs.

    Raises:
        BenchmarkError: when an import path leads to no factory of a retriever.
        MissingExtraError: when BM25 is asked for without its tokenizer.
    """
    if system.retriever is None:
        index = indexes.raw if system.calibration is None else indexes.calibrated(system.calibration)
        return NormAwareRetriever(
            index, similarity=system.similarity, similarity_top_k=TOP_K, exact=system.exact
        )
    if system.retriever == STOCK:
        exact = {"search_params": {"exact": True}} if system.exact else {}
        return indexes.stock.as_retriever(similarity_top_k=TOP_K, vector_store_kwargs=exact)
    if system.retriever in (BM25, HYBRID):
        return NormAwareRetriever(
            indexes.words,
            similarity=system.similarity or COSINE,
            similarity_top_k=TOP_K,
            exact=system.exact,
            hybrid=Fusion(alpha=0.0 if system.retriever == BM25 else system.alpha, candidates=2 * TOP_K),
        )
    retriever = load_import_path(system.retriever)(material_of(indexes))
    if not isinstance(retriever, BaseRetriever):
        raise BenchmarkError(
            f"{system.retriever!r} returned a {type(retriever).__name__}; it must return a LlamaIndex "
            "BaseRetriever."
        )
    return retriever


def material_of(indexes: Indexes) -> Material:
    """What a factory is called with."""
    return Material(indexes.raw, {document.id: document for document in indexes.dataset.documents}, TOP_K)

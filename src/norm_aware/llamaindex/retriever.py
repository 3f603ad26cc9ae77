"""The retriever people import: any similarity that Qdrant computes, from one collection of raw vectors."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.constants import DEFAULT_SIMILARITY_TOP_K
from llama_index.core.indices.vector_store import VectorStoreIndex
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters, VectorStoreQuery
from llama_index_instrumentation import get_dispatcher
from qdrant_client import models

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import CollectionError, ContractError, QueryError
from norm_aware.llamaindex.calibrated import probable, require_probability, search_defaults
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.llamaindex.plan import Plan, require_fusible
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.diversity import Diversity
from norm_aware.qdrant.hybrid import Fusion
from norm_aware.qdrant.options import require_positive

dispatcher = get_dispatcher(__name__)


class NormAwareRetriever(BaseRetriever):
    """Retrieves by cosine, dot, any document power or another similarity from raw vectors in Qdrant.

    Mostly one request a query. It asks for the best Dot candidates of each norm range, lets Qdrant's formula
    rescore them, and proves that no other document scores better, or asks the ranges that may hide one
    again; each node's `certified` says whether that was proven. In local mode, which has no index to spare
    work, every document is scored. The similarity that vectors are stored for (dot, or the store's
    `stored_power`) is one plain search. The default similarity is the one that the encoder's
    `norm_aware.json` says it was trained by; for any other encoder it is cosine, which is never worse than
    what you have: choose another on evidence.

    Args:
        index: a `VectorStoreIndex` over a `NormAwareVectorStore`.
        similarity: any but `WordRotatorSimilarity`, which only `NormAwareRerank` computes; or its name, such
            as `"document_power=0.5"`. None takes the calibration, else what the encoder was trained by, as it
            says or the collection remembers, else cosine.
        calibration: a `Calibration` or its file, in place of a similarity: what the collection is stored by.
            None takes the store's.
        min_probability: nodes less probably relevant than this are left out, so that a question without an
            answer may find nothing. Needs a calibration made from judged queries.
        similarity_top_k: how many nodes are returned.
        hybrid: fuse with BM25, by ranks (`"rrf"`) or by standardised scores (`"standardized"`); a `Fusion`
            also says of how many candidates. None leaves BM25 out. Needs a store with `sparse=Bm25()`.
        alpha: in hybrid search, the weight of the dense branch: 1 is dense alone, 0 BM25 alone.
        diversity: choose nodes that differ from each other (MMR): 1 ranks by the similarity alone, 0 takes
            only the first node by it. Nearness of nodes is their cosine, whatever the similarity. Or a
            `Diversity`, which also says among how many; None leaves it to chance.
        candidates: Dot candidates per norm range; None takes 2.5 times the top k, at least 25, and more for
            a negative document power or a similarity outside the power family, whose best documents dot
            ranks low; see `default_candidates` for when to ask for `exact` instead.
        certify: False sends one request at about half its cost, and proves nothing.
        max_candidates: the most candidates a range is asked for before the answer is returned uncertified;
            None takes 16 times the first.
        ef: width of the search through the engine's graph index; None takes 96, and at least twice the hits.
        exact: score every document by brute force: slower, and exact whatever the data.
        filters: LlamaIndex metadata filters.
        qdrant_filters: a Qdrant filter, in place of `filters`, `node_ids` and `doc_ids`.
        node_ids: only these nodes are searched.
        doc_ids: only nodes of these source documents are searched.
        embed_model: embeds the query; None takes the index's.
        callback_manager: LlamaIndex's.
        object_map: LlamaIndex's, for recursive retrieval.
        verbose: LlamaIndex's.

    Raises:
        CollectionError: when the index's store is not a `NormAwareVectorStore`.
        ContractError: when `embed_model` is not the encoder the store was made with, or the collection is
            not stored by the calibration.
        CalibrationError: when the calibration cannot be read or was made for another encoder.
        QueryError: for a top k or candidates below 1, or a similarity that Qdrant cannot compute; from
            `retrieve` also for an empty query.
        DimensionError: from `retrieve`, when the query's embedding has another dimension.

    Example:
        >>> retriever = NormAwareRetriever(index, similarity="dot", similarity_top_k=5)  # doctest: +SKIP
        >>> retriever.retrieve("How long is a vector?")  # doctest: +SKIP
    """

    def __init__(
        self,
        index: VectorStoreIndex,
        *,
        similarity: str | Similarity | None = None,
        calibration: Calibration | str | Path | None = None,
        min_probability: float | None = None,
        similarity_top_k: int = DEFAULT_SIMILARITY_TOP_K,
        hybrid: str | Fusion | None = None,
        alpha: float = 0.5,
        diversity: float | Diversity | None = None,
        candidates: int | None = None,
        certify: bool = True,
        max_candidates: int | None = None,
        ef: int | None = None,
        exact: bool = False,
        filters: MetadataFilters | None = None,
        qdrant_filters: models.Filter | None = None,
        node_ids: list[str] | None = None,
        doc_ids: list[str] | None = None,
        embed_model: BaseEmbedding | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: Mapping[str, Any] | None = None,
        verbose: bool = False,
    ) -> None:
        store = index.vector_store
        if not isinstance(store, NormAwareVectorStore):
            raise CollectionError(
                f"The index is over a {type(store).__name__}, which does not promise raw vectors; build it "
                "over a NormAwareVectorStore."
            )
        if calibration is not None:
            store = store.with_calibration(calibration)
        require_probability(min_probability, store.calibration)
        self._fusion = Fusion(hybrid, alpha) if isinstance(hybrid, str) else hybrid
        self._diversity = Diversity(diversity) if isinstance(diversity, (int, float)) else diversity
        if self._fusion is not None:
            require_fusible(store.sparse, min_probability)
        self._min_probability = min_probability
        self._store = store
        self._embed_model = embed_model or index._embed_model
        expected, found = encoder_identity(store.embed_model), encoder_identity(self._embed_model)
        if expected != found:
            raise ContractError(
                f"Queries would be embedded with {found[0]!r}, documents were with {expected[0]!r}: give the "
                "index or the retriever the store's encoder as embed_model."
            )
        self._options = dataclasses.replace(
            search_defaults(similarity, store.calibration, trained=store.trained_similarity),
            candidates=candidates,
            certify=certify,
            max_candidates=max_candidates,
            ef=ef,
            exact=exact,
            qdrant_filters=qdrant_filters,
        )
        self.similarity_top_k = similarity_top_k
        self._filters = filters
        self._node_ids = node_ids
        self._doc_ids = doc_ids
        super().__init__(
            callback_manager=callback_manager or CallbackManager(),
            object_map=dict(index._object_map if object_map is None else object_map),
            verbose=verbose,
        )

    @property
    def similarity(self) -> Similarity:
        """What this retriever ranks by; under a calibration that is the dot of what it stores."""
        return parse_similarity(self._options.similarity)

    @property
    def similarity_top_k(self) -> int:
        """How many nodes are returned."""
        return self._similarity_top_k

    @similarity_top_k.setter
    def similarity_top_k(self, value: int) -> None:
        require_positive("similarity_top_k", value)
        self._similarity_top_k = value

    @property
    def _plan(self) -> Plan:
        return Plan(self._similarity_top_k, self._fusion, self._diversity)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embedding = query_bundle.embedding
        if embedding is None:
            embedding = self._embed_model.get_agg_embedding_from_queries(_texts(query_bundle))
        found = self._store.search(self._query(query_bundle, embedding), self._options, plan=self._plan)
        return list(probable(found, embedding, self._store.calibration, self._min_probability))

    @dispatcher.span
    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        embedding = query_bundle.embedding
        if embedding is None:
            embedding = await self._embed_model.aget_agg_embedding_from_queries(_texts(query_bundle))
        found = await self._store.asearch(
            self._query(query_bundle, embedding), self._options, plan=self._plan
        )
        return list(probable(found, embedding, self._store.calibration, self._min_probability))

    def _query(self, query_bundle: QueryBundle, embedding: list[float]) -> VectorStoreQuery:
        return VectorStoreQuery(
            query_embedding=embedding,
            query_str=query_bundle.query_str,
            similarity_top_k=self._similarity_top_k,
            filters=self._filters,
            node_ids=copy.copy(self._node_ids),
            doc_ids=copy.copy(self._doc_ids),
        )


def _texts(query_bundle: QueryBundle) -> list[str]:
    texts = [text for text in query_bundle.embedding_strs if text.strip()]
    if not texts:
        raise QueryError("The query is empty; ask something.")
    return texts

"""How a query is answered beyond a plain search: LlamaIndex's query modes, and what comes with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode

from norm_aware.errors import QueryError
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.diversity import Diversity
from norm_aware.qdrant.hybrid import Fusion
from norm_aware.qdrant.options import require_positive

OPTIONS = frozenset({"fusion", "mmr_threshold", "mmr_prefetch_k", "mmr_prefetch_factor"})
"""What a stock retriever may say of it in its `vector_store_kwargs`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered beyond a plain search.

    Attributes:
        limit: how many nodes are wanted.
        fusion: how BM25 takes part; None leaves it out.
        diversity: how much the nodes should differ; None leaves that to chance.
    """

    limit: int
    fusion: Fusion | None = None
    diversity: Diversity | None = None

    @property
    def pool(self) -> int:
        """How many hits are searched for, from which the nodes wanted are chosen."""
        return self.diversity.depth(self.limit) if self.diversity else self.limit

    @property
    def needs_embedding(self) -> bool:
        """Whether dense vectors have a say."""
        return self.fusion is None or self.fusion.alpha > 0 or self.diversity is not None


def plan_of(query: VectorStoreQuery, options: Mapping[str, Any] | None = None) -> Plan:
    """What a query's mode asks for.

    Args:
        query: of mode `default`, `sparse` (BM25 alone), `hybrid` (`alpha` as LlamaIndex has it: 1 is dense)
            or `mmr` (`mmr_threshold`: 1 is relevance alone). `sparse_top_k` is the number of nodes in mode
            `sparse` and of each branch's candidates in mode `hybrid`, where `hybrid_top_k` is that of nodes.
        options: any of `OPTIONS`.

    Raises:
        QueryError: for another mode, or numbers out of range.
    """
    options, top_k = options or {}, query.similarity_top_k
    require_positive("similarity_top_k", top_k)
    require_positive("sparse_top_k", query.sparse_top_k)
    require_positive("hybrid_top_k", query.hybrid_top_k)
    if query.mode == VectorStoreQueryMode.DEFAULT:
        return Plan(top_k)
    if query.mode == VectorStoreQueryMode.SPARSE:
        return Plan(query.sparse_top_k or top_k, fusion=Fusion(alpha=0))
    if query.mode == VectorStoreQueryMode.HYBRID:
        alpha = 0.5 if query.alpha is None else query.alpha
        fusion = Fusion(options.get("fusion", "rrf"), alpha, query.sparse_top_k)
        return Plan(query.hybrid_top_k or top_k, fusion=fusion)
    if query.mode == VectorStoreQueryMode.MMR:
        return Plan(top_k, diversity=_diversity(query, options))
    raise QueryError(
        f"Query mode {query.mode.value!r} is not supported; 'default', 'sparse', 'hybrid' and 'mmr' are."
    )


def _diversity(query: VectorStoreQuery, options: Mapping[str, Any]) -> Diversity:
    threshold, candidates = options.get("mmr_threshold"), options.get("mmr_prefetch_k")
    factor = options.get("mmr_prefetch_factor")
    if factor is not None:
        if candidates is not None:
            raise QueryError("mmr_prefetch_factor was given beside mmr_prefetch_k; leave one of them out.")
        candidates = math.ceil(factor * query.similarity_top_k)
    if threshold is None:
        threshold = 0.5 if query.mmr_threshold is None else query.mmr_threshold
    return Diversity(threshold, candidates)


def require_fusible(sparse: Bm25 | None, min_probability: float | None = None) -> Bm25:
    """What makes the sparse vectors, unless there are none or a score is to be read as a probability.

    Raises:
        QueryError: naming which.
    """
    if sparse is None:
        raise QueryError(
            "BM25 was asked for and this store has no sparse vectors; index with "
            "NormAwareVectorStore(…, sparse=Bm25())."
        )
    if min_probability is not None:
        raise QueryError(
            "min_probability was given beside hybrid; a fused score says nothing of a probability; leave one "
            "of the two out."
        )
    return sparse

"""Answers a query by a plan: the dense search, BM25 beside it, and what is chosen of the hits."""

from __future__ import annotations

import dataclasses

import numpy as np
from llama_index.core.vector_stores.types import VectorStoreQuery
from numpy.typing import NDArray

from norm_aware.errors import QueryError
from norm_aware.geometry.norms import require_embeddings
from norm_aware.llamaindex.layout import Layout
from norm_aware.llamaindex.plan import Plan, require_fusible
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import Contract, require_dimension
from norm_aware.qdrant.diversity import diverse
from norm_aware.qdrant.hybrid import hybrid_search
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import Found, search


def answer(
    layout: Layout,
    text: str | None,
    vector: NDArray[np.float32],
    *,
    plan: Plan,
    contract: Contract,
    options: SearchOptions,
) -> Steps[Found]:
    """Search as planned.

    Args:
        layout: of the nodes that are searched.
        text: of the query, for BM25.
        vector: of the query, as the collection's are.
        plan: how BM25 takes part, and how much hits should differ.
        contract: the collection's.
        options: the similarity, and which points are searched.

    Raises:
        QueryError: when BM25 is asked of a store without sparse vectors, or without a text.
    """
    if plan.fusion is None:
        found = yield from search(
            layout.collection,
            vector,
            limit=plan.pool,
            contract=contract,
            options=options,
            local=not layout.payload_index,
        )
    else:
        sparse = require_fusible(layout.sparse)
        if not text or not text.strip():
            raise QueryError("The query has no text, whose words BM25 looks for; give query_str.")
        found = yield from hybrid_search(
            layout.collection,
            vector,
            sparse.query(text),
            limit=plan.pool,
            contract=contract,
            options=options,
            fusion=plan.fusion,
            scope=layout.scope,
            local=not layout.payload_index,
        )
    if plan.diversity is None:
        return found
    hits = yield from diverse(
        layout.collection, vector, found.hits, limit=plan.limit, contract=contract, diversity=plan.diversity
    )
    return dataclasses.replace(found, hits=hits)


def query_vector(
    query: VectorStoreQuery, plan: Plan, contract: Contract, layout: Layout
) -> NDArray[np.float32]:
    """A query's embedding as the collection's vectors are; zeros where BM25 alone answers and none is given.

    Raises:
        QueryError: when it has none that is needed.
        DimensionError: when it has another dimension than the collection's vectors.
        EmbeddingError: for NaN or infinite numbers.
    """
    if not query.query_embedding:
        if plan.needs_embedding:
            raise QueryError("The query has no embedding; embed it with the collection's encoder.")
        return np.zeros(contract.dimension, dtype=np.float32)
    require_dimension(contract, dimension=len(query.query_embedding), collection=layout.collection)
    vectors = require_embeddings([query.query_embedding], names=["The query"])
    if layout.calibration is not None:
        vectors = layout.calibration.queries(vectors)
    vector: NDArray[np.float32] = vectors[0]
    return vector

"""A search of a collection as LlamaIndex asks for it: a query with an embedding in, nodes an event out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from llama_index.core.vector_stores.types import (
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index_instrumentation import get_dispatcher

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import MissingNormError, QueryError
from norm_aware.geometry.norms import require_embeddings
from norm_aware.llamaindex.events import NormRetrievalEvent
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import Contract, require_dimension
from norm_aware.qdrant.options import SearchOptions, require_positive
from norm_aware.qdrant.search import Found, require_searchable, search

dispatcher = get_dispatcher(__name__)


def require_askable(query: VectorStoreQuery) -> list[float]:
    """The query's embedding.

    Raises:
        QueryError: when there is none, for a top k below 1, or a query mode other than the default.
    """
    if query.mode != VectorStoreQueryMode.DEFAULT:
        raise QueryError(
            f"Query mode {query.mode.value!r} is not supported; norm-aware search is mode 'default'."
        )
    if not query.query_embedding:
        raise QueryError("The query has no embedding; embed it with the collection's encoder.")
    require_positive("similarity_top_k", query.similarity_top_k)
    return query.query_embedding


def search_nodes(
    collection: str,
    query: VectorStoreQuery,
    options: SearchOptions,
    *,
    contract: Contract,
    points: int | None,
    calibration: Calibration | None,
    local: bool,
    parse: Callable[[list[Any]], VectorStoreQueryResult],
) -> Steps[list[NodeWithNorms]]:
    """The nodes most similar to a query.

    Args:
        collection: name of the collection.
        query: with an embedding.
        options: how to search.
        contract: the collection's.
        points: how many there are, to check that they can be searched; None trusts an earlier check.
        calibration: what the collection is stored by.
        local: as in `norm_aware.qdrant.search.search`.
        parse: reads nodes from points.

    Raises:
        DimensionError: when the query's embedding has another dimension than the collection's vectors.
        CollectionError: when the collection is empty or has points without a norm.
    """
    embedding = require_askable(query)
    limit, started = query.similarity_top_k, time.perf_counter()
    try:
        if points is not None:
            yield from require_searchable(collection, points=points)
        require_dimension(contract, dimension=len(embedding), collection=collection)
        vector = require_embeddings([embedding], names=["The query"])[0]
        if calibration is not None:
            vector = calibration.queries([vector])[0]
        found = yield from search(
            collection, vector, limit=limit, contract=contract, options=options, local=local
        )
    except MissingNormError as error:
        refused = Found([], certified=False, rounds=0)
        _tell(collection, embedding, limit, options, refused, started, missing_norms=error.count)
        raise
    _tell(collection, vector, limit, options, found, started)
    nodes = parse([hit.point for hit in found.hits]).nodes or []
    digest = None if calibration is None else calibration.digest
    return [
        NodeWithNorms.from_hit(node, hit, calibration=digest, certified=found.certified)
        for node, hit in zip(nodes, found.hits, strict=True)
    ]


def _tell(
    collection: str,
    query: Any,
    limit: int,
    options: SearchOptions,
    found: Found,
    started: float,
    *,
    missing_norms: int = 0,
) -> None:
    dispatcher.event(
        NormRetrievalEvent(
            collection=collection,
            similarity=str(options.similarity),
            similarity_top_k=limit,
            candidates=options.candidates,
            exact=options.exact,
            query_norm=float(np.linalg.norm(query)),
            found=len(found.hits),
            certified=found.certified,
            rounds=found.rounds,
            missing_norms=missing_norms,
            seconds=time.perf_counter() - started,
        )
    )

"""A search of a collection as LlamaIndex asks for it: a query with an embedding in, nodes an event out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryResult
from llama_index_instrumentation import get_dispatcher

from norm_aware.errors import MissingNormError
from norm_aware.llamaindex.answer import answer, query_vector
from norm_aware.llamaindex.events import NormRetrievalEvent
from norm_aware.llamaindex.layout import Layout
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.llamaindex.plan import Plan
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import Found, require_searchable

dispatcher = get_dispatcher(__name__)


def search_nodes(
    layout: Layout,
    query: VectorStoreQuery,
    options: SearchOptions,
    *,
    plan: Plan,
    contract: Contract,
    points: int | None,
    parse: Callable[[list[Any]], VectorStoreQueryResult],
) -> Steps[list[NodeWithNorms]]:
    """The nodes that answer a query best.

    Args:
        layout: of the nodes.
        query: with an embedding where the plan needs one.
        options: how to search.
        plan: how BM25 takes part, and how much nodes should differ.
        contract: the collection's.
        points: how many there are, to check that they can be searched; None trusts an earlier check.
        parse: reads nodes from points.

    Raises:
        QueryError: when the query lacks what the plan needs.
        DimensionError: when the query's embedding has another dimension than the collection's vectors.
        CollectionError: when the collection is empty or has points without a norm.
    """
    started = time.perf_counter()
    vector = query_vector(query, plan, contract, layout)
    try:
        if points is not None:
            yield from require_searchable(layout.collection, points=points, contract=contract)
        found = yield from answer(
            layout, query.query_str, vector, plan=plan, contract=contract, options=options
        )
    except MissingNormError as error:
        refused = Found([], certified=False, rounds=0)
        _tell(layout.collection, vector, plan.limit, options, refused, started, missing_norms=error.count)
        raise
    _tell(layout.collection, vector, plan.limit, options, found, started)
    # a vector may have come along for BM25's hits or for their diversity
    points_found = [
        hit.point if hit.point.vector is None else hit.point.model_copy(update={"vector": None})
        for hit in found.hits
    ]
    nodes = parse(points_found).nodes or []
    return [
        NodeWithNorms.from_hit(node, hit, calibration=layout.digest, certified=found.certified)
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

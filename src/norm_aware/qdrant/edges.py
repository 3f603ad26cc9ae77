"""The edges of a collection's norm ranges, kept at the quantiles of its norms as it grows and shrinks."""

from __future__ import annotations

import dataclasses
import math

from qdrant_client import models

from norm_aware.geometry.norms import norm_edges
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract, count_points

RANGES = 16
"""Norm ranges a search looks into; with 8 some real sets lost a document of the cosine top 10."""

_GROWTH = 1.25  # how much a collection grows, or shrinks, between two placements of its edges
_EDGE_SAMPLE = 10_000  # norms read to place the edges: their quantiles are within a percent by then


def refresh_edges(collection: str, contract: Contract) -> Steps[Contract]:
    """Place the norm edges anew once the collection has grown or shrunk by a quarter since they were placed.

    Edges far from the quantiles make ranges uneven, and the largest hide more from a search.

    Returns:
        The contract as it now stands in the collection.
    """
    count = yield from count_points(collection, contract, exact=False)
    if count == 0 or contract.edges_count / _GROWTH < count < _GROWTH * contract.edges_count:
        return contract
    lengths = yield from _sample_norms(collection, contract)
    edges = set(norm_edges(lengths, ranges=RANGES))
    if positive := [length for length in lengths if length > 0]:
        low, high = yield from _extremes(collection, contract, min(positive), max(positive))
        edges |= {low, math.nextafter(high, math.inf)}
    contract = dataclasses.replace(contract, norm_edges=tuple(sorted(edges)), edges_count=count)
    yield call("update_collection", collection_name=collection, metadata=contract.to_metadata())
    return contract


def _extremes(collection: str, contract: Contract, low: float, high: float) -> Steps[tuple[float, float]]:
    """The smallest norm above 0 and the largest, from those of a sample: few others lie beyond them."""
    while True:
        lower = yield from _sample_norms(collection, contract, models.Range(gt=0, lt=low))
        # an engine may read a norm back with another last digit, and find it beyond itself for ever
        if min(lower, default=low) >= low:
            break
        low = min(lower)
    while True:
        higher = yield from _sample_norms(collection, contract, models.Range(gt=high))
        if max(higher, default=high) <= high:
            break
        high = max(higher)
    return low, high


def _sample_norms(
    collection: str, contract: Contract, within: models.Range | None = None
) -> Steps[list[float]]:
    norm = contract.field.norm
    conditions: list[models.Condition] = [contract.field.present] if contract.others else []
    if within is not None:
        conditions.append(models.FieldCondition(key=norm, range=within))
    response = yield call(
        "query_points",
        collection_name=collection,
        query=models.SampleQuery(sample=models.Sample.RANDOM),
        query_filter=models.Filter(must=conditions) if conditions else None,
        limit=_EDGE_SAMPLE,
        with_payload=[norm],
    )
    return [float(point.payload[norm]) for point in response.points if norm in (point.payload or {})]

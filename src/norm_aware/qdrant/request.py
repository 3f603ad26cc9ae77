"""What is sent to Qdrant: the query, Dot candidates of norm ranges, and the formula that rescores them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.field import Field
from norm_aware.qdrant.formula import to_formula, to_raw_dot
from norm_aware.qdrant.options import SearchOptions, params_of


class NormRange(NamedTuple):
    """The norms from `low` up to, but without, `high`; None is open."""

    low: float | None = None
    high: float | None = None


def norm_ranges(edges: Sequence[float]) -> list[NormRange]:
    """The ranges that inner edges cut all norms into."""
    return [NormRange(low, high) for low, high in itertools.pairwise([None, *edges, None])]


def of_length(length: float, query: NDArray[np.float32], query_norm: float) -> list[float]:
    """The query as it is sent: a zero query stays one."""
    scale = length / query_norm if query_norm > 0 else 0.0
    vector: list[float] = (query.astype(np.float64) * scale).astype(np.float32).tolist()
    return vector


def rescored(
    unit: list[float],
    ranges: Sequence[NormRange],
    candidates: int,
    *,
    options: SearchOptions,
    similarity: Similarity,
    query_norm: float,
    stored_power: float,
    field: Field,
) -> dict[str, Any]:
    """Prefetch and formula of a query: the best Dot candidates of each range, scored by a similarity.

    Args:
        unit: the query at length 1.
        ranges: disjoint norm ranges.
        candidates: how many each contributes.
        options: of the filter, exactness and offsets.
        similarity: what the formula computes.
        query_norm: length of the raw query.
        stored_power: as in the contract.
        field: the vector that is searched.
    """
    prefetch = [
        models.Prefetch(
            query=unit,
            using=field.using,
            limit=candidates,
            filter=_within(norm_range, options.qdrant_filters, field),
            params=params_of(options, limit=candidates),
        )
        for norm_range in ranges
    ]
    # `$score` alone is the first prefetch's; the ranges are disjoint, so one summand is the dot, the rest 0
    scores = [f"$score[{i}]" for i in range(len(prefetch))]
    dot = to_raw_dot(models.SumExpression(sum=list(scores)), norm=field.norm, stored_power=stored_power)
    formula = to_formula(similarity, query_norm=query_norm, dot=dot, norm=field.norm)
    if options.offset:
        formula = models.SumExpression(sum=[formula, field.offset])
    defaults = [*scores, field.offset] if options.offset else scores
    query = models.FormulaQuery(formula=formula, defaults=dict.fromkeys(defaults, 0.0))
    return {"prefetch": prefetch, "query": query}


def last_of(
    unit: list[float],
    norm_range: NormRange,
    candidates: int,
    *,
    options: SearchOptions,
    field: Field,
    local: bool,
) -> models.QueryRequest:
    """A query for nothing but a range's last candidate; it finds none where the range has fewer."""
    return models.QueryRequest(
        query=unit,
        using=field.using,
        filter=_within(norm_range, options.qdrant_filters, field),
        # local mode is exact, and warns when it is told how to search
        params=None if local else params_of(options, limit=candidates),
        limit=1,
        offset=candidates - 1,
        with_payload=False,
    )


def _within(norm_range: NormRange, query_filter: models.Filter | None, field: Field) -> models.Filter | None:
    low, high = norm_range
    conditions: list[models.Condition] = [] if query_filter is None else [query_filter]
    if low is not None or high is not None:
        conditions.append(models.FieldCondition(key=field.norm, range=models.Range(gte=low, lt=high)))
    return models.Filter(must=conditions) if conditions else None

"""One Qdrant request for any member of the power family, from raw vectors under Dot.

A plain Dot search ranks by `dot`; another similarity ranks by `dot * norm**(document_power - 1)`, and its
best documents may stand far down the Dot ranking. So the request asks for the best Dot candidates of each
norm range (norm-ranging, Yan et al., NeurIPS 2018), inside which lengths hardly differ, and lets Qdrant's
formula rescore their union.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.errors import CollectionError, MissingNormError, QueryError
from norm_aware.numeric.similarity import COSINE, PowerSimilarity, Similarity, parse_similarity
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import NORM, Contract

_ALL = 2**31 - 1  # a limit that no collection in local mode reaches
_TINY = 1e-12  # added to a norm so that no power divides by zero; far below float32's resolution


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found, with the three numbers any similarity is computed from.

    Attributes:
        point: Qdrant's record: id, payload.
        score: under the similarity searched with.
        dot: inner product of the raw query and the raw document embedding.
        query_norm: length of the raw query embedding.
        document_norm: length of the raw document embedding.
    """

    point: models.ScoredPoint
    score: float
    dot: float
    query_norm: float
    document_norm: float


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a collection is searched.

    Attributes:
        similarity: a `PowerSimilarity`, or its name as `parse_similarity` reads it.
        candidates: Dot candidates per norm range; None takes `default_candidates`.
        exact: score every point by brute force instead of the candidates.
        qdrant_filters: a Qdrant filter; only points that match are searched.

    Raises:
        QueryError: for candidates below 1, or a similarity that Qdrant cannot compute.
    """

    similarity: str | Similarity = COSINE
    candidates: int | None = None
    exact: bool = False
    qdrant_filters: models.Filter | None = None

    def __post_init__(self) -> None:
        require_positive("candidates", self.candidates)
        object.__setattr__(self, "similarity", parse_similarity(self.similarity))
        _ = self.power

    @property
    def power(self) -> PowerSimilarity:
        """The similarity, which is one of the power family."""
        if not isinstance(self.similarity, PowerSimilarity):
            raise QueryError(
                f"Qdrant's formula computes the power family (cosine, dot, document_power=NUMBER), not "
                f"{self.similarity}; retrieve with one of those and rescore with NormAwareRerank."
            )
        return self.similarity


def default_candidates(limit: int, document_power: float) -> int:
    """Dot candidates per norm range that held the exact top `limit` on the real sets tried.

    2.5 times the limit, at least 25, and 16 times as many for each step of the power below 0: the further
    a similarity is from dot, the deeper its best documents lie in a range's Dot ranking.
    """
    return min(_ALL, math.ceil(max(25, 2.5 * limit) * 16 ** max(0.0, -document_power)))


def require_positive(name: str, value: int | None) -> None:
    """Refuse a number of hits or candidates that has no answer.

    Raises:
        QueryError: when the value is below 1.
    """
    if value is not None and value < 1:
        raise QueryError(f"{name} is {value}; at least 1 is needed.")


def search(
    collection: str,
    query: NDArray[np.float32],
    *,
    limit: int,
    contract: Contract,
    options: SearchOptions,
    local: bool = False,
) -> Steps[list[Hit]]:
    """Search a Dot collection by a similarity of the power family.

    Args:
        collection: name of a collection whose points all carry their norm.
        query: raw query embedding, shape (dimension,).
        limit: how many hits are wanted, at least 1.
        contract: the collection's; its edges are the norm ranges.
        options: the similarity, and how thoroughly to look.
        local: whether the engine is qdrant-client's local mode. It scans every vector for each prefetch,
            so a search there scores them all unless `candidates` are given: exact, and faster than ranges.

    Returns:
        Steps that end in at most `limit` hits, best first.

    Raises:
        MissingNormError: when a hit carries no norm.
    """
    power = options.power
    everything = options.exact or (local and options.candidates is None)
    query_norm = float(np.linalg.norm(query.astype(np.float64)))
    # the query's own factor is constant, so it goes into the vector sent: Qdrant then scores exactly
    factor = query_norm ** (power.query_power - 1) if query_norm > 0 else 0.0
    request: dict[str, Any]
    if power.document_power == 1:
        request = {"query": (query * np.float32(factor)).tolist(), "query_filter": options.qdrant_filters}
        if options.exact and not local:  # local mode is exact, and warns when asked to be
            request["search_params"] = models.SearchParams(exact=True)
    else:
        candidates = options.candidates or default_candidates(limit, power.document_power)
        if everything:
            candidates = _ALL if local else max(1, (yield call("count", collection_name=collection)).count)
        request = _formula_request(
            (query * np.float32(factor)).tolist(),
            document_power=power.document_power,
            edges=() if everything else contract.norm_edges,
            candidates=candidates,
            query_filter=options.qdrant_filters,
            exact=options.exact,
        )
    response = yield call(
        "query_points", collection_name=collection, limit=limit, with_payload=True, **request
    )
    hits = [_hit(point, power, query_norm, factor, collection) for point in response.points]
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.point.id)))  # ties in an order that repeats


def _formula_request(
    vector: list[float],
    *,
    document_power: float,
    edges: Sequence[float],
    candidates: int,
    query_filter: models.Filter | None,
    exact: bool,
) -> dict[str, Any]:
    bounds = [None, *edges, None]
    prefetch = [
        models.Prefetch(
            query=vector,
            limit=candidates,
            filter=_within(low, high, query_filter),
            params=models.SearchParams(exact=True) if exact else None,
        )
        for low, high in itertools.pairwise(bounds)
    ]
    # `$score` alone is the first prefetch's; the ranges are disjoint, so one summand is the dot, the rest 0
    scores = [f"$score[{i}]" for i in range(len(prefetch))]
    norm = models.SumExpression(sum=[NORM, _TINY])
    formula = models.MultExpression(
        mult=[
            models.SumExpression(sum=list(scores)),
            models.PowExpression(pow=models.PowParams(base=norm, exponent=document_power - 1)),
        ]
    )
    return {
        "prefetch": prefetch,
        "query": models.FormulaQuery(formula=formula, defaults=dict.fromkeys(scores, 0.0)),
    }


def _within(
    low: float | None, high: float | None, query_filter: models.Filter | None
) -> models.Filter | None:
    conditions: list[models.Condition] = [] if query_filter is None else [query_filter]
    if low is not None or high is not None:
        conditions.append(models.FieldCondition(key=NORM, range=models.Range(gte=low, lt=high)))
    return models.Filter(must=conditions) if conditions else None


def _hit(
    point: models.ScoredPoint, power: PowerSimilarity, query_norm: float, factor: float, collection: str
) -> Hit:
    document_norm = (point.payload or {}).get(NORM)
    if not isinstance(document_norm, (int, float)):
        raise missing_norm(collection)
    scale = factor * (document_norm + _TINY) ** (power.document_power - 1)
    dot = point.score / scale if scale > 0 else 0.0
    return Hit(point, float(point.score), dot, query_norm, float(document_norm))


def missing_norm(collection: str, *, count: int | None = None) -> MissingNormError:
    """The error for points without a norm, which says how to add it."""
    points = "points" if count is None else f"{count} points"
    return MissingNormError(
        f"Collection {collection!r} has {points} without {NORM!r} in their payload, which scores are "
        f"computed from; `norm-aware backfill --collection {collection}` adds it from the stored vectors."
    )


def require_searchable(collection: str, *, points: int) -> Steps[None]:
    """Refuse a collection that is empty or has points without a norm, which a search would pass over.

    Raises:
        CollectionError: when there are no points.
        MissingNormError: when a point has no norm.
    """
    if points == 0:
        raise CollectionError(f"Collection {collection!r} holds no documents; index some before searching.")
    without = models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key=NORM))])
    count: int = (yield call("count", collection_name=collection, count_filter=without)).count
    if count:
        raise missing_norm(collection, count=count)

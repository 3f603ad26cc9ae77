"""One Qdrant request for any similarity that a formula computes, from raw vectors under Dot.

A plain Dot search ranks by `dot`; another similarity's best documents may stand far down the Dot ranking.
So the request asks for the best Dot candidates of each norm range (norm-ranging, Yan et al., NeurIPS 2018)
and lets Qdrant's formula rescore their union. That is sound because every similarity rises with the cosine
at fixed norms: inside a range lengths hardly differ, so Dot and the similarity order it nearly alike.
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
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE, PowerSimilarity, Similarity
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.field import NORM, Field
from norm_aware.qdrant.formula import recover_dots, to_formula

_ALL = 2**31 - 1  # a limit that no collection in local mode reaches
_OTHER = -0.5  # document power whose candidates a similarity outside the power family is given


@dataclass(frozen=True, slots=True)
class Hit:
    """A point found, with the three numbers any similarity is computed from.

    Attributes:
        point: Qdrant's record: id, payload.
        score: under the similarity searched with, plus the point's offset where offsets were asked for.
        dot: inner product of the raw query and the raw document embedding, read back from the score; 0
            where the score hardly depends on it, see `recover_dots`.
        query_norm: length of the raw query embedding.
        document_norm: length of the raw document embedding.
        offset: what the point's payload added to the score.
    """

    point: models.ScoredPoint
    score: float
    dot: float
    query_norm: float
    document_norm: float
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a collection is searched.

    Attributes:
        similarity: one that Qdrant's formula computes (`to_formula`), or its name as `parse_similarity`
            reads it.
        candidates: Dot candidates per norm range; None takes `default_candidates`.
        exact: score every point by brute force instead of the candidates.
        qdrant_filters: a Qdrant filter; only points that match are searched.
        offset: add the number under `offset` in each point's payload to its score, 0 where there is none.

    Raises:
        QueryError: for candidates below 1, or a similarity that Qdrant cannot compute.
    """

    similarity: str | Similarity = COSINE
    candidates: int | None = None
    exact: bool = False
    qdrant_filters: models.Filter | None = None
    offset: bool = False

    def __post_init__(self) -> None:
        require_positive("candidates", self.candidates)
        similarity = parse_similarity(self.similarity)
        to_formula(similarity, query_norm=1.0, dot="$score", norm=NORM)  # refuses what has none
        object.__setattr__(self, "similarity", similarity)


def default_candidates(limit: int, document_power: float) -> int:
    """Dot candidates per norm range that held the exact top `limit` on the real sets tried.

    2.5 times the limit, at least 25, and 16 times as many for each step of the power below 0: the further
    a similarity is from dot, the deeper its best documents lie in a range's Dot ranking.

    A similarity outside the power family, and any with offsets, is given as many as power -0.5, four
    times what cosine takes: enough for Euclidean, radial and logistic ones on the same sets, and for
    offsets smaller than what the scores differ by. Where the added part outweighs the cosine, as in
    `ScaledSimilarity` below an alpha of about 0.95, the best documents may lie anywhere in a range: search
    with `exact=True`.
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
    """Search a Dot collection by any similarity that Qdrant's formula computes.

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
    request = yield from to_request(
        collection, query, limit=limit, contract=contract, options=options, local=local
    )
    response = yield call(
        "query_points", collection_name=collection, limit=limit, with_payload=payload_of(contract), **request
    )
    hits = _hits(response.points, query, collection=collection, contract=contract, options=options)
    return in_order(hits)


def to_request(
    collection: str,
    query: NDArray[np.float32],
    *,
    limit: int,
    contract: Contract,
    options: SearchOptions,
    local: bool,
) -> Steps[dict[str, Any]]:
    """The search as arguments of Qdrant's `query_points`, without its limit and payload; see `search`."""
    similarity = parse_similarity(options.similarity)
    power = similarity.document_power if isinstance(similarity, PowerSimilarity) else _OTHER
    everything = options.exact or (local and options.candidates is None)
    query_norm = float(np.linalg.norm(query.astype(np.float64)))
    if power == 1 and not options.offset:
        # the query's own factor is constant, so it goes into the vector sent: Dot then is the similarity
        vector = _of_length(float(similarity.query_factor(query_norm)), query, query_norm)
        request: dict[str, Any] = {
            "query": vector,
            "query_filter": options.qdrant_filters,
            "using": contract.field.using,
        }
        if options.exact and not local:  # local mode is exact, and warns when asked to be
            request["search_params"] = models.SearchParams(exact=True)
        return request
    depth = min(power, _OTHER) if options.offset else power
    candidates = options.candidates or default_candidates(limit, depth)
    if everything:
        candidates = _ALL if local else max(1, (yield call("count", collection_name=collection)).count)
    prefetch = _prefetch(
        _of_length(1.0, query, query_norm),
        edges=() if everything else contract.norm_edges,
        candidates=candidates,
        options=options,
        field=contract.field,
    )
    formula = _formula(
        similarity, query_norm, prefetches=len(prefetch), field=contract.field, offset=options.offset
    )
    return {"prefetch": prefetch, "query": formula}


def payload_of(contract: Contract) -> Any:
    """The payload a search asks for: a calibrated point holds its raw vector in it, which no search needs."""
    hidden = [field.raw for field in (contract.field, *contract.others)]
    if contract.calibration is None and not contract.others:
        return True
    return models.PayloadSelectorExclude(exclude=hidden)


def in_order(hits: Sequence[Hit]) -> list[Hit]:
    """Best first, ties in an order that repeats."""
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.point.id)))


def _of_length(length: float, query: NDArray[np.float32], query_norm: float) -> list[float]:
    """The query as it is sent: a zero query stays one."""
    scale = length / query_norm if query_norm > 0 else 0.0
    vector: list[float] = (query.astype(np.float64) * scale).astype(np.float32).tolist()
    return vector


def _prefetch(
    vector: list[float],
    *,
    edges: Sequence[float],
    candidates: int,
    options: SearchOptions,
    field: Field,
) -> list[models.Prefetch]:
    return [
        models.Prefetch(
            query=vector,
            using=field.using,
            limit=candidates,
            filter=_within(low, high, options.qdrant_filters, field),
            params=models.SearchParams(exact=True) if options.exact else None,
        )
        for low, high in itertools.pairwise([None, *edges, None])
    ]


def _formula(
    similarity: Similarity, query_norm: float, *, prefetches: int, field: Field, offset: bool
) -> models.FormulaQuery:
    # `$score` alone is the first prefetch's; the ranges are disjoint, so one summand is the dot, the rest 0
    scores = [f"$score[{i}]" for i in range(prefetches)]
    dot = models.SumExpression(sum=list(scores))
    formula = to_formula(similarity, query_norm=query_norm, dot=dot, norm=field.norm)
    if offset:
        formula = models.SumExpression(sum=[formula, field.offset])
    defaults = [*scores, field.offset] if offset else scores
    return models.FormulaQuery(formula=formula, defaults=dict.fromkeys(defaults, 0.0))


def _within(
    low: float | None, high: float | None, query_filter: models.Filter | None, field: Field
) -> models.Filter | None:
    conditions: list[models.Condition] = [] if query_filter is None else [query_filter]
    if low is not None or high is not None:
        conditions.append(models.FieldCondition(key=field.norm, range=models.Range(gte=low, lt=high)))
    return models.Filter(must=conditions) if conditions else None


def _hits(
    points: Sequence[models.ScoredPoint],
    query: NDArray[np.float32],
    *,
    collection: str,
    contract: Contract,
    options: SearchOptions,
) -> list[Hit]:
    query_norm, field = float(np.linalg.norm(query.astype(np.float64))), contract.field
    payloads = [point.payload or {} for point in points]
    lengths = [length for payload in payloads if isinstance(length := payload.get(field.norm), (int, float))]
    if len(lengths) < len(points):
        raise missing_norm(collection, field=field)
    offsets = [(payload.get(field.offset) or 0.0) if options.offset else 0.0 for payload in payloads]
    scores = np.subtract([point.score for point in points], offsets)
    similarity = parse_similarity(options.similarity)
    dots = recover_dots(similarity, scores, query_norm=query_norm, document_norms=lengths)
    return [
        Hit(point, float(point.score), float(dot), query_norm, float(length), float(added))
        for point, dot, length, added in zip(points, dots, lengths, offsets, strict=True)
    ]


def missing_norm(collection: str, *, field: Field, count: int | None = None) -> MissingNormError:
    """The error for points without a norm, which says how to add it."""
    points = "points" if count is None else f"{count} points"
    return MissingNormError(
        f"Collection {collection!r} has {points} without {field.norm!r} in their payload, which scores are "
        f"computed from; `norm-aware backfill --collection {collection}` adds it from the stored vectors."
    )


def require_searchable(collection: str, *, points: int, contract: Contract) -> Steps[None]:
    """Refuse a collection that is empty or has points without a norm, which a search would pass over.

    Raises:
        CollectionError: when there are no points.
        MissingNormError: when a point has no norm.
    """
    if points == 0:
        raise CollectionError(f"Collection {collection!r} holds no documents; index some before searching.")
    field = contract.field
    conditions: list[models.Condition] = [
        models.IsEmptyCondition(is_empty=models.PayloadField(key=field.norm))
    ]
    if contract.others:  # a point may have their vectors alone
        conditions.append(field.present)
    without = models.Filter(must=conditions)
    count: int = (yield call("count", collection_name=collection, count_filter=without)).count
    if count:
        raise missing_norm(collection, field=field, count=count)

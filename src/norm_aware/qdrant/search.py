"""One Qdrant request for any similarity that a formula computes, from raw vectors under Dot.

A plain Dot search ranks by `dot`; another similarity's best documents may stand far down the Dot ranking.
So the request asks for the best Dot candidates of each norm range (norm-ranging, Yan et al., NeurIPS 2018)
and lets Qdrant's formula rescore their union. That is sound because every similarity rises with the cosine
at fixed norms: inside a range lengths hardly differ, so Dot and the similarity order it nearly alike. With
it goes a query for each range's last candidate, whose dot bounds what the range still hides
(`certificate`). Only ranges that might hide a better document are asked again, for more candidates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.errors import CollectionError, MissingNormError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.certificate import highest_outside, is_beaten
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.field import Field
from norm_aware.qdrant.formula import recover_dots
from norm_aware.qdrant.options import ALL, SearchOptions, first_candidates, params_of
from norm_aware.qdrant.request import NormRange, last_of, norm_ranges, of_length, rescored

_MORE = 4  # times the candidates that ranges are asked for again
_MOST = 16  # times the first candidates that they are asked for at most


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
class Found:
    """What a search found, and whether it is all there was to find.

    Attributes:
        hits: best first.
        certified: whether no document outside the candidates can score better. It holds for the documents
            that the engine returned as each range's best: all of them where it scans (local mode,
            `exact`), what its graph index found where it has one.
        rounds: how often the engine was asked.
    """

    hits: list[Hit]
    certified: bool
    rounds: int = 1


def search(
    collection: str,
    query: NDArray[np.float32],
    *,
    limit: int,
    contract: Contract,
    options: SearchOptions,
    local: bool = False,
) -> Steps[Found]:
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
        Steps that end in at most `limit` hits, ties in the order of their ids.

    Raises:
        MissingNormError: when a hit carries no norm.
    """
    similarity = parse_similarity(options.similarity)
    query_norm = float(np.linalg.norm(query.astype(np.float64)))
    asked = _Asked(collection, query, query_norm, limit, contract, options, similarity, local)
    if is_plain(options, contract):
        return (yield from asked.plainly())
    if options.exact or (local and options.candidates is None):
        everything = ALL if local else max(1, (yield call("count", collection_name=collection)).count)
        return (yield from asked.everything(everything))
    return (yield from asked.by_ranges(first_candidates(limit, options, contract.stored_power)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search, and the ways of answering it."""

    collection: str
    query: NDArray[np.float32]
    query_norm: float
    limit: int
    contract: Contract
    options: SearchOptions
    similarity: Similarity
    local: bool

    def plainly(self) -> Steps[Found]:
        """A plain Dot search, where the stored vectors rank by the similarity already."""
        # the query's own factor is constant, so it goes into the vector sent: Dot then is the score
        factor = float(self.similarity.query_factor(self.query_norm))
        response = yield call(
            "query_points",
            collection_name=self.collection,
            limit=self.limit,
            with_payload=payload_of(self.contract),
            query=of_length(factor, self.query, self.query_norm),
            using=self.contract.field.using,
            query_filter=self.options.qdrant_filters,
            # local mode is exact, and warns when it is told how to search
            search_params=None if self.local else params_of(self.options, limit=self.limit),
        )
        return Found(self._hits(response.points), certified=True)

    def everything(self, points: int) -> Steps[Found]:
        """Every point scored."""
        response = yield call(
            "query_points",
            collection_name=self.collection,
            limit=self.limit,
            with_payload=payload_of(self.contract),
            **self._rescored(of_length(1.0, self.query, self.query_norm), norm_ranges(()), points),
        )
        return Found(self._hits(response.points), certified=True)

    def by_ranges(self, candidates: int) -> Steps[Found]:
        """The best candidates of each norm range, and more of ranges that may hide a better document."""
        certify = self.options.certify and not self.options.offset  # nothing bounds a point's offset
        most = self.options.max_candidates or _MOST * candidates
        ranges = norm_ranges(self.contract.norm_edges)
        unit = of_length(1.0, self.query, self.query_norm)
        best: dict[Any, Hit] = {}
        rounds = 0
        while True:
            requests = [
                models.QueryRequest(
                    limit=self.limit,
                    with_payload=payload_of(self.contract),
                    **self._rescored(unit, ranges, candidates),
                )
            ]
            if certify:
                requests += [
                    last_of(
                        unit,
                        norm_range,
                        candidates,
                        options=self.options,
                        field=self.contract.field,
                        local=self.local,
                    )
                    for norm_range in ranges
                ]
            responses = yield call("query_batch_points", collection_name=self.collection, requests=requests)
            rounds += 1
            best |= {hit.point.id: hit for hit in self._hits(responses[0].points)}
            hits = in_order(best.values())[: self.limit]
            if not certify:
                return Found(hits, certified=False)
            worst = hits[-1].score if len(hits) == self.limit else -math.inf
            ranges = [
                norm_range
                for norm_range, response in zip(ranges, responses[1:], strict=True)
                if response.points and not is_beaten(self._bound(norm_range, response.points[0].score), worst)
            ]
            if not ranges or candidates >= most:
                return Found(hits, certified=not ranges, rounds=rounds)
            candidates = min(_MORE * candidates, most)

    def _rescored(self, unit: list[float], ranges: Sequence[NormRange], candidates: int) -> dict[str, Any]:
        return rescored(
            unit,
            ranges,
            candidates,
            options=self.options,
            similarity=self.similarity,
            query_norm=self.query_norm,
            stored_power=self.contract.stored_power,
            field=self.contract.field,
        )

    def _bound(self, norm_range: NormRange, last: float) -> float:
        return highest_outside(
            self.similarity,
            last,
            norm_range.low or 0.0,
            math.inf if norm_range.high is None else norm_range.high,
            query_norm=self.query_norm,
            stored_power=self.contract.stored_power,
        )

    def _hits(self, points: Sequence[models.ScoredPoint]) -> list[Hit]:
        field, payloads = self.contract.field, [point.payload or {} for point in points]
        lengths = [
            length for payload in payloads if isinstance(length := payload.get(field.norm), (int, float))
        ]
        if len(lengths) < len(points):
            raise missing_norm(self.collection, field=field)
        offsets = [0.0] * len(points)
        if self.options.offset:
            offsets = [payload.get(field.offset) or 0.0 for payload in payloads]
        scores = [point.score - offset for point, offset in zip(points, offsets, strict=True)]
        dots = recover_dots(self.similarity, scores, query_norm=self.query_norm, document_norms=lengths)
        return in_order(
            Hit(point, float(point.score), float(dot), self.query_norm, float(length), float(added))
            for point, dot, length, added in zip(points, dots, lengths, offsets, strict=True)
        )


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """Best first, ties in an order that repeats."""
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.point.id)))


def is_plain(options: SearchOptions, contract: Contract) -> bool:
    """Whether the stored vectors rank by the similarity already."""
    return options.document_power == contract.stored_power and not options.offset


def payload_of(contract: Contract) -> Any:
    """The payload a search asks for: a calibrated point holds its raw vector in it, which no search needs."""
    if contract.calibration is None and not contract.others:
        return True
    return models.PayloadSelectorExclude(exclude=[f.raw for f in (contract.field, *contract.others)])


def missing_norm(collection: str, *, field: Field, count: int | None = None) -> MissingNormError:
    """The error for points without a norm, which says how to add it."""
    points = "points" if count is None else f"{count} points"
    error = MissingNormError(
        f"Collection {collection!r} has {points} without {field.norm!r} in their payload, which scores are "
        f"computed from; `norm-aware backfill --collection {collection}` adds it from the stored vectors."
    )
    error.count = count or 1
    return error


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

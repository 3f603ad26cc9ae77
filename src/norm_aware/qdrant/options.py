"""How a collection is searched: the similarity, and how thoroughly to look."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE, PowerSimilarity, Similarity
from norm_aware.qdrant.field import NORM
from norm_aware.qdrant.formula import to_formula
from norm_aware.qdrant.index_settings import search_params

OTHER = 1.5
"""Steps of the power that a similarity outside the power family counts as being away from the stored dot."""

ALL = 2**31 - 1
"""A limit that no collection reaches."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a collection is searched.

    Attributes:
        similarity: one that Qdrant's formula computes (`to_formula`), or its name as `parse_similarity`
            reads it.
        candidates: Dot candidates per norm range; None takes `default_candidates`.
        certify: ask for what proves the answer exact, and ask ranges again that may hide a better document.
            Without it one request is sent, which costs the engine about half.
        max_candidates: the most a range is asked for, four times as many each round; None takes 16 times
            the first. An answer not certified by then says so.
        exact: score every point by brute force instead of the candidates.
        ef: width of the search through the engine's graph index; None takes 96, and at least twice the hits.
        qdrant_filters: a Qdrant filter; only points that match are searched.
        offset: add the number under `offset` in each point's payload to its score, 0 where there is none.

    Raises:
        QueryError: for candidates below 1, more of them than the most, or a similarity that Qdrant cannot
            compute.
    """

    similarity: str | Similarity = COSINE
    candidates: int | None = None
    certify: bool = True
    max_candidates: int | None = None
    exact: bool = False
    ef: int | None = None
    qdrant_filters: models.Filter | None = None
    offset: bool = False

    def __post_init__(self) -> None:
        require_positive("candidates", self.candidates)
        require_positive("max_candidates", self.max_candidates)
        require_positive("ef", self.ef)
        if self.max_candidates is not None and (self.candidates or 0) > self.max_candidates:
            raise QueryError(
                f"candidates is {self.candidates}, above max_candidates {self.max_candidates}; raise one or "
                "lower the other."
            )
        similarity = parse_similarity(self.similarity)
        to_formula(similarity, query_norm=1.0, dot="$score", norm=NORM)  # refuses what has none
        object.__setattr__(self, "similarity", similarity)

    @property
    def document_power(self) -> float | None:
        """Of a similarity of the power family; None of any other."""
        similarity = parse_similarity(self.similarity)
        return similarity.document_power if isinstance(similarity, PowerSimilarity) else None


def default_candidates(limit: int, document_power: float, stored_power: float = 1.0) -> int:
    """Dot candidates per norm range that held the exact top `limit` on the real sets tried.

    2.5 times the limit, at least 25, and 16 times as many for each step of the power beyond one away from
    the stored: the further a similarity is from the stored dot, the deeper its best documents lie in a
    range's ranking by it.

    A similarity outside the power family, and any with offsets, is given as many as power -0.5, four
    times what cosine takes: enough for Euclidean, radial and logistic ones on the same sets, and for
    offsets smaller than what the scores differ by. Where the added part outweighs the cosine, as in
    `ScaledSimilarity` below an alpha of about 0.95, the best documents may lie anywhere in a range: search
    with `exact=True`.
    """
    return candidates_at(limit, abs(document_power - stored_power))


def candidates_at(limit: int, steps: float) -> int:
    """`default_candidates` by how many steps of the power a similarity is away from the stored dot."""
    return min(ALL, math.ceil(max(25, 2.5 * limit) * 16 ** max(0.0, steps - 1)))


def first_candidates(limit: int, options: SearchOptions, stored_power: float) -> int:
    """Candidates that each range is asked for at first.

    Args:
        limit: how many hits are wanted.
        options: of the similarity, and of candidates given.
        stored_power: as in the contract.
    """
    power = options.document_power
    steps = OTHER if power is None else abs(power - stored_power)
    candidates = options.candidates or candidates_at(limit, max(steps, OTHER) if options.offset else steps)
    return min(candidates, options.max_candidates or candidates)


def params_of(options: SearchOptions, *, limit: int) -> models.SearchParams:
    """How the engine's index is gone through for so many hits."""
    return search_params(limit=limit, exact=options.exact, ef=options.ef)


def require_positive(name: str, value: int | None) -> None:
    """Refuse a number of hits or candidates that has no answer.

    Raises:
        QueryError: when the value is below 1.
    """
    if value is not None and value < 1:
        raise QueryError(f"{name} is {value}; at least 1 is needed.")

"""Hubs, which turn up in the results of everything, and anti-hubs, which nothing finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.norms import require_matrix, require_one_dimension, unit_vectors

MOST_QUERIES = 4000
"""Queries that are asked at most; a seeded sample beyond that."""

_BLOCK = 1 << 23  # cosines held at once


@dataclass(frozen=True, slots=True, eq=False)
class Hubness:
    """How often each document is among the k nearest of a query.

    Attributes:
        counts: N_k of each document, shape (documents,).
        k: how many documents a query finds.
        queries: how many queries were asked.
    """

    counts: NDArray[np.intp]
    k: int
    queries: int

    @property
    def skewness(self) -> float:
        """Skewness of N_k: near `chance_skewness` where luck alone decides, far above where hubs rule."""
        centred = self.counts - self.counts.mean()
        variance = float((centred**2).mean())
        return float((centred**3).mean() / variance**1.5) if variance > 0 else 0.0

    @property
    def anti_hubs(self) -> float:
        """Share of documents that no query finds."""
        return float((self.counts == 0).mean())

    @property
    def chance_skewness(self) -> float:
        """The skewness if every query found k documents at random: few queries alone make it large."""
        p = self.k / len(self.counts)
        return (1 - 2 * p) / (self.queries * p * (1 - p)) ** 0.5 if p < 1 else 0.0

    @property
    def chance_anti_hubs(self) -> float:
        """The share that would stay unfound if every query found k documents at random."""
        return float((1 - self.k / len(self.counts)) ** self.queries)


def hubness(documents: ArrayLike, *, queries: ArrayLike | None = None, k: int = 10, seed: int = 0) -> Hubness:
    """Count how often each document is among a query's k nearest by cosine (Radovanovic et al., JMLR 2010).

    Args:
        documents: shape (documents, dimension), at least 2.
        queries: shape (queries, dimension); None asks with the documents themselves, each of which then
            looks for the others.
        k: how many documents a query finds, at least 1; all there are where that is fewer.
        seed: of the sample of `MOST_QUERIES` queries that is asked where there are more.

    Returns:
        The counts and what they amount to.

    Raises:
        DimensionError: when queries and documents differ in dimension.
        EmbeddingError: when there are too few documents, or numbers that are not finite.
    """
    matrix = require_matrix(documents, of="documents", least=2)
    bank = matrix if queries is None else require_matrix(queries, of="queries")
    require_one_dimension(bank, matrix)
    if k < 1:
        raise EmbeddingError(f"k is {k}; at least 1 document has to be found for a hub to be one.")
    asked = np.arange(len(bank))
    if len(bank) > MOST_QUERIES:
        asked = np.sort(np.random.default_rng(seed).choice(len(bank), MOST_QUERIES, replace=False))
    units = unit_vectors(matrix)
    k = min(k, len(units) - (queries is None))
    counts = np.zeros(len(units), dtype=np.intp)
    rows = max(1, _BLOCK // len(units))
    for start in range(0, len(asked), rows):
        block = asked[start : start + rows]
        cosines = unit_vectors(bank[block]) @ units.T
        if queries is None:
            cosines[np.arange(len(block)), block] = -np.inf
        nearest = np.argpartition(cosines, len(units) - k, axis=1)[:, len(units) - k :]
        counts += np.bincount(nearest.ravel(), minlength=len(units))
    return Hubness(counts, k, len(asked))

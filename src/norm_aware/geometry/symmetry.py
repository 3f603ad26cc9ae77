"""Whether queries and documents are the same kind of text, told from their embeddings alone.

Where a task treats its two sides alike (similarity, paraphrase, duplicates), so must the score, and only
cosine does: a score that normalises one side breaks s(a, b) = s(b, a) (Feng & Watanabe, arXiv:2602.09229,
corollary 6.1), and a document's own length is then noise. Sides that are alike come from one distribution,
and no test can tell them apart; questions and passages differ in length, wording and syntax, and a line
through the embedding space does.

Measured on nine public tasks with two encoders: with all queries the AUC is at most 0.51 on the symmetric
ones (STS-B, Banking77) and at least 0.93 on the others (seven retrieval tasks); with 50 random queries, 40
times, at most 0.62 and at least 0.75. A symmetric task whose two sides are about different subjects looks
asymmetric; nothing in the embeddings alone can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.norms import require_matrix, require_one_dimension
from norm_aware.numeric.effect_size import auc
from norm_aware.numeric.transform import directions

SYMMETRIC_BELOW = 0.7
"""AUC below which the sides count as one: 0.5 is chance, 0.7 is a Cohen's d of 0.74, not yet large."""

FEWEST = 30
"""Embeddings needed on each side; of 20, chance alone reaches `SYMMETRIC_BELOW` now and then."""

MOST = 2000
"""Embeddings looked at on each side; a seeded sample beyond that."""

_FOLDS = 10
_SHRINKAGE = 0.1  # towards the mean variance: the covariance is of more dimensions than there may be queries


@dataclass(frozen=True, slots=True)
class Symmetry:
    """How well queries and documents can be told apart by direction.

    Attributes:
        distance: between the mean directions of the sides, over their spread, corrected for sampling; 0
            where it is no larger than chance makes it.
        auc: chance that a linear discriminant ranks an unseen query above an unseen document.
        queries: queries looked at.
        documents: documents looked at.
    """

    distance: float
    auc: float
    queries: int
    documents: int

    @property
    def is_symmetric(self) -> bool:
        """Whether the sides count as one distribution, so that cosine should be kept."""
        return self.auc < SYMMETRIC_BELOW


def symmetry(queries: ArrayLike, documents: ArrayLike, *, seed: int = 0) -> Symmetry:
    """Try to tell queries from documents by their directions; norms play no part.

    A shrunk linear discriminant is fitted on nine tenths of each side and ranks the last tenth, ten times.
    Fewer queries make it weaker, never surer: what cannot be told apart counts as symmetric.

    Args:
        queries: shape (queries, dimension); 50 tell most tasks.
        documents: shape (documents, dimension).
        seed: of the sample and of the folds.

    Returns:
        The two measures.

    Raises:
        DimensionError: when queries and documents differ in dimension.
        EmbeddingError: when a side has fewer than `FEWEST` embeddings with a direction.
    """
    bank, matrix = require_matrix(queries, of="queries"), require_matrix(documents, of="documents")
    require_one_dimension(bank, matrix)
    generator = np.random.default_rng(seed)
    sides = [_sample(side, generator) for side in (bank, matrix)]
    if min(len(side) for side in sides) < FEWEST:
        raise EmbeddingError(
            f"{len(sides[0])} queries and {len(sides[1])} documents have a direction; at least {FEWEST} of "
            "each are needed to tell whether they are alike. Keep cosine until then."
        )
    return Symmetry(_distance(*sides), _cross_validated_auc(*sides), len(sides[0]), len(sides[1]))


def is_symmetric(queries: ArrayLike, documents: ArrayLike, *, seed: int = 0) -> bool:
    """Whether queries and documents count as one distribution: then keep cosine.

    Args, errors and grounds are those of `symmetry`.
    """
    return symmetry(queries, documents, seed=seed).is_symmetric


def _sample(side: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float64]:
    rows = generator.permutation(np.flatnonzero(side.any(axis=1)))[:MOST]
    return directions(side[rows])


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    gap = first.mean(axis=0) - second.mean(axis=0)
    spread = [float(side.var(axis=0, ddof=1).sum()) for side in (first, second)]
    squared = float(gap @ gap) - spread[0] / len(first) - spread[1] / len(second)
    if squared <= 0:
        return 0.0
    return float(np.sqrt(squared / max(sum(spread) / 2, 1e-12)))


def _cross_validated_auc(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    sides = (first, second)
    squares = [side.T @ side for side in sides]
    sums = [side.sum(axis=0) for side in sides]
    found = []
    for fold in range(_FOLDS):
        held = [side[fold::_FOLDS] for side in sides]
        counts = [len(side) - len(part) for side, part in zip(sides, held, strict=True)]
        means = [(total - part.sum(axis=0)) / n for total, part, n in zip(sums, held, counts, strict=True)]
        within = sum(
            square - part.T @ part - n * np.outer(mean, mean)
            for square, part, n, mean in zip(squares, held, counts, means, strict=True)
        ) / sum(counts)
        line = _discriminant(np.asarray(within), means[0] - means[1])
        found.append(auc(held[0] @ line, held[1] @ line))
    return float(np.mean(found))


def _discriminant(within: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fisher's linear discriminant with the covariance shrunk towards a sphere (Ledoit & Wolf 2004)."""
    level = max(float(np.trace(within)) / len(within), 1e-12)
    shrunk = (1 - _SHRINKAGE) * within + _SHRINKAGE * level * np.eye(len(within))
    return np.asarray(np.linalg.solve(shrunk, gap))

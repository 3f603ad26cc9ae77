"""Maximal marginal relevance whose diversity does not grow with the norms.

Chosen next is the document with the largest `threshold * relevance - (1 - threshold) * nearness`, where
nearness is its largest cosine with what is chosen already (Carbonell and Goldstein, SIGIR 1998). Under a dot
product nearness would grow with both norms and come to mean "avoid long documents"; the cosine does not,
whatever the similarity. So that a threshold means the same under every similarity, relevances are moved and
stretched to the mean and the spread of the candidates' cosines with the query. Cosines stay as they are: of
them this is the textbook's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.fusion import standardize
from norm_aware.numeric.transform import directions


def diversify(
    scores: ArrayLike, cosines: ArrayLike, documents: ArrayLike, *, limit: int, threshold: float
) -> NDArray[np.intp]:
    """Which candidates to show, in which order.

    Args:
        scores: relevances under any similarity, shape (candidates,), best first.
        cosines: of the candidates with the query, shape (candidates,).
        documents: the candidates' vectors of any length, shape (candidates, dimension).
        limit: how many are wanted, at least 1.
        threshold: from 0, where only the first is chosen by relevance, to 1, where all are.

    Returns:
        Positions of the chosen candidates, shape (min(limit, candidates),). Ties go to the earlier one.

    Example:
        >>> cosines, documents = [0.9, 0.8, 0.7], [[2, 0], [9, 1], [0, 1]]
        >>> diversify(cosines, cosines, documents, limit=2, threshold=0.5).tolist()
        [0, 2]
    """
    relevance = as_relevance(scores, cosines)
    if not len(relevance):
        return np.array([], dtype=np.intp)
    units = directions(np.asarray(documents, dtype=np.float64).reshape(len(relevance), -1))
    nearness = np.full(len(relevance), -np.inf)
    chosen: list[int] = []
    gain = relevance
    while len(chosen) < min(limit, len(relevance)):
        best = int(np.argmax(gain))
        chosen.append(best)
        nearness = np.maximum(nearness, units @ units[best])
        gain = threshold * relevance - (1 - threshold) * nearness
        gain[chosen] = -np.inf
    return np.array(chosen, dtype=np.intp)


def as_relevance(scores: ArrayLike, cosines: ArrayLike) -> NDArray[np.float64]:
    """Scores moved and stretched to the mean and the spread of the cosines, in the same order.

    Args:
        scores: under any similarity, shape (candidates,).
        cosines: shape (candidates,).

    Example:
        >>> as_relevance([10.0, 30.0], [0.25, 0.75]).tolist()
        [0.25, 0.75]
    """
    like = np.asarray(cosines, dtype=np.float64)
    if like.size == 0:
        return like
    return np.asarray(like.mean() + like.std() * standardize(scores))

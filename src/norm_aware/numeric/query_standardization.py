"""Per-query standardisation: scores of different queries on one scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def standardize_scores(scores: ArrayLike, *, mean: ArrayLike, deviation: ArrayLike) -> NDArray[np.float64]:
    """`(score - mean) / deviation`, each query with its own (You 2025, arXiv:2504.16318).

    Within one query this is a rising straight line: it CANNOT change a ranking, and nDCG is the same with
    it and without. It is for what compares scores of different queries: a threshold below which nothing is
    returned, abstention, and fusion of several queries' lists.

    Args:
        scores: shape (queries, documents), or (documents,) of one query.
        mean: of each query's scores over the corpus or a sample of it, shape (queries,) or a number.
        deviation: their standard deviation, likewise.

    Returns:
        Shape of the scores; 0 for a query whose scores do not differ, since none stands out.

    Example:
        >>> standardize_scores([0.2, 0.6], mean=0.2, deviation=0.1).round(6).tolist()
        [0.0, 4.0]
    """
    values = np.asarray(scores, dtype=np.float64)
    centre = np.asarray(mean, dtype=np.float64)[..., None]
    spread = np.broadcast_to(np.asarray(deviation, dtype=np.float64)[..., None], values.shape)
    return np.divide(values - centre, spread, out=np.zeros_like(values), where=spread > 0)

"""Two rankings on different scales as one: a weighted sum of their standardised scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def standardize(scores: ArrayLike) -> NDArray[np.float64]:
    """Scores as standard deviations from their mean; all 0 where they do not differ.

    Args:
        scores: shape (candidates,).

    Example:
        >>> standardize([1.0, 3.0]).tolist()
        [-1.0, 1.0]
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0:
        return values
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    # what rounding leaves of equal scores is no spread
    return centred / spread if spread > 1e-12 * float(np.abs(values).max()) else np.zeros_like(values)


def fuse_standardized(dense: ArrayLike, sparse: ArrayLike, *, alpha: float) -> NDArray[np.float64]:
    """The weighted sum of two scores of the same candidates, each standardised over all of them.

    Unlike ranks, standardised scores keep how far ahead a candidate is; unlike a scaling by the largest and
    the smallest, one outlier does not decide what the others are worth.

    Args:
        dense: shape (candidates,), under any similarity.
        sparse: shape (candidates,).
        alpha: weight of the dense ones, from 0 to 1; the sparse ones have the rest.

    Example:
        >>> fuse_standardized([0.0, 2.0], [30.0, 10.0], alpha=0.75).tolist()
        [-0.5, 0.5]
    """
    return np.asarray(alpha * standardize(dense) + (1 - alpha) * standardize(sparse))

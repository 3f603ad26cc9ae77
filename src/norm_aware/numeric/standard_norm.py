"""A norm counted in standard deviations from a mean, so that it can be added to a cosine.

Raw norms are of any unit: an encoder's may lie near 0.5 or near 20, and those of queries elsewhere than
those of documents.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import QueryError

SMALLEST_SCALE = 1e-6
"""Smallest standard deviation that counts as one, also relative to the mean: float32 rounding is below it."""


def norm_mean_and_scale(norms: ArrayLike, *, of: str) -> tuple[float, float]:
    """Mean and standard deviation of the norms of one side.

    Args:
        norms: at least one, finite and at least 0.
        of: whose norms they are, for an error.

    Returns:
        The mean and the standard deviation; 1 for the latter where norms differ by no more than rounding,
        so that constant norms count as 0.

    Raises:
        QueryError: when there is no norm, or one that cannot be a length.

    Example:
        >>> norm_mean_and_scale([1.0, 3.0], of="documents")
        (2.0, 1.0)
    """
    lengths = np.asarray(norms, dtype=np.float64)
    if lengths.size == 0 or not (np.isfinite(lengths) & (lengths >= 0)).all():
        found = f"{lengths.size} norms given" if lengths.size == 0 else "A norm is negative, NaN or infinite"
        raise QueryError(f"{found} of {of}; at least one length is needed, each finite and at least 0.")
    mean, scale = float(lengths.mean()), float(lengths.std())
    return mean, scale if scale > SMALLEST_SCALE * max(1.0, mean) else 1.0


def standard_norm(norm: ArrayLike, mean: float, scale: float) -> NDArray[np.float64]:
    """`(norm - mean) / scale`."""
    return np.asarray((np.asarray(norm, dtype=np.float64) - mean) / scale)

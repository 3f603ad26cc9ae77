"""Correlations that refuse, in words, values that do not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.numeric.effect_size import mean_ranks

_SMALLEST_SPREAD = 1e-6  # range over the largest value; float32 rounding alone reaches less


def require_spread(values: ArrayLike, *, of: str) -> NDArray[np.float64]:
    """Values as float64, or an error when they are too few or too alike to correlate.

    Args:
        values: shape (n,), n at least 3.
        of: what the values are, in the plural, for an error.

    Returns:
        The values, shape (n,).

    Raises:
        EmbeddingError: when there are fewer than three, one is not finite, or all are the same.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 3:
        raise EmbeddingError(f"{array.size} {of} were given; at least 3 are needed to see them vary.")
    if not np.isfinite(array).all():
        raise EmbeddingError(f"The {of} hold NaN or infinite numbers; every one has to be finite.")
    if np.ptp(array) <= _SMALLEST_SPREAD * np.abs(array).max():
        raise EmbeddingError(
            f"All {array.size} {of} are {array[0]:.4g}; what does not vary goes with nothing, so there is no "
            "correlation to report."
        )
    return array


def pearson(first: ArrayLike, second: ArrayLike, *, of: tuple[str, str]) -> float:
    """Pearson's correlation: how close to a straight line two quantities go together.

    Args:
        first: shape (n,), n at least 3.
        second: shape (n,).
        of: what the two are, in the plural, for an error.

    Returns:
        From -1 to 1.

    Raises:
        EmbeddingError: when either does not vary.

    Example:
        >>> pearson([1, 2, 3], [6, 4, 2], of=("norms", "lengths"))
        -1.0
    """
    a, b = (require_spread(values, of=name) for values, name in zip((first, second), of, strict=True))
    a, b = a - a.mean(), b - b.mean()
    a, b = a / np.abs(a).max(), b / np.abs(b).max()  # squares of extreme values stay in range
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))


def spearman(first: ArrayLike, second: ArrayLike, *, of: tuple[str, str]) -> float:
    """Spearman's correlation: Pearson's of the ranks, so any rising or falling curve counts.

    Args and errors are those of `pearson`.

    Example:
        >>> spearman([1, 2, 3], [1, 8, 27], of=("norms", "lengths"))
        1.0
    """
    a, b = (require_spread(values, of=name) for values, name in zip((first, second), of, strict=True))
    return pearson(mean_ranks(a), mean_ranks(b), of=of)


def partial_correlation(
    first: ArrayLike, second: ArrayLike, *, given: ArrayLike, of: tuple[str, str, str]
) -> float:
    """Correlation of two quantities with a third held fixed: of what a line in the third leaves of each.

    Args:
        first: shape (n,), n at least 3.
        second: shape (n,).
        given: what is held fixed, shape (n,).
        of: what the three are, in the plural, for an error.

    Returns:
        From -1 to 1.

    Raises:
        EmbeddingError: when one of them does not vary, or the third leaves nothing of another.
    """
    between = pearson(first, second, of=of[:2])
    with_first = pearson(first, given, of=(of[0], of[2]))
    with_second = pearson(second, given, of=(of[1], of[2]))
    left = (1 - with_first**2) * (1 - with_second**2)
    if left < 1e-12:
        raise EmbeddingError(
            f"The {of[0]} or the {of[1]} follow from the {of[2]} exactly, so nothing varies once those are "
            "held fixed."
        )
    return float(np.clip((between - with_first * with_second) / np.sqrt(left), -1, 1))

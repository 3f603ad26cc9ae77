"""How large a difference is, in units of its spread (Cohen 1988, *Statistical Power Analysis*)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDING = 1e-9  # of the values' size: a spread that sums and differences of equal values may have


def cohens_d(first: ArrayLike, second: ArrayLike) -> float:
    """Cohen's d of two independent samples: `(mean(first) - mean(second)) / pooled standard deviation`.

    Feng & Watanabe (arXiv:2602.09229, eq. 8) apply it to the norms of relevant and other documents:
    |d| under 0.2 is negligible, 0.5 medium, 0.8 large; above 0 relevant documents are longer.

    Args:
        first: sample of shape (n,), n at least 2.
        second: sample of shape (m,), m at least 2.

    Returns:
        d; 0 when both samples have the same mean, infinite when they differ without any spread but for
        rounding.

    Raises:
        ValueError: when a sample has fewer than two values.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(a.size, b.size) < 2:
        raise ValueError(f"Samples of {a.size} and {b.size} values given; each needs at least 2.")
    pooled = ((a.size - 1) * a.var(ddof=1) + (b.size - 1) * b.var(ddof=1)) / (a.size + b.size - 2)
    size = max(abs(float(a.mean())), abs(float(b.mean())))
    return _ratio(float(a.mean() - b.mean()), float(np.sqrt(pooled)), size)


def paired_effect_size(differences: ArrayLike) -> float:
    """Cohen's d_z of paired differences: their mean over their standard deviation.

    Args:
        differences: per-query differences, shape (n,), n at least 2.

    Returns:
        d_z; 0 when the mean is 0, infinite when every difference is the same but for rounding and not 0.

    Raises:
        ValueError: when there are fewer than two differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size < 2:
        raise ValueError(f"{values.size} differences given; at least 2 are needed.")
    mean = float(values.mean())
    return _ratio(mean, float(values.std(ddof=1)), abs(mean))


def auc(first: ArrayLike, second: ArrayLike) -> float:
    """Probability that a random value of the first sample is above one of the second, ties counting half.

    The area under the ROC curve and the Mann-Whitney U over its maximum (Hanley & McNeil 1982). Unlike
    Cohen's d it asks nothing of the samples' shapes; for two normal samples of equal spread it is
    `Phi(d / sqrt(2))`, so d of 0.2, 0.5 and 0.8 are 0.56, 0.64 and 0.71.

    Args:
        first: sample of shape (n,), n at least 1.
        second: sample of shape (m,), m at least 1.

    Returns:
        From 0 to 1; 0.5 where neither sample is above the other.

    Raises:
        ValueError: when a sample is empty.

    Example:
        >>> auc([3, 4], [1, 3])
        0.875
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(a.size, b.size) < 1:
        raise ValueError(f"Samples of {a.size} and {b.size} values given; each needs at least 1.")
    above = mean_ranks(np.concatenate([a, b]))[: a.size].sum() - a.size * (a.size + 1) / 2
    return float(above / (a.size * b.size))


def mean_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1 for the smallest; equal values share the mean of their ranks.

    Args:
        values: shape (n,).

    Returns:
        Shape (n,).

    Example:
        >>> mean_ranks([10, 30, 10]).tolist()
        [1.5, 3.0, 1.5]
    """
    _, position, counts = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[position])


def _ratio(mean: float, spread: float, size: float) -> float:
    if spread > _ROUNDING * size:
        return mean / spread
    return 0.0 if abs(mean) <= _ROUNDING * size else float(np.copysign(np.inf, mean))

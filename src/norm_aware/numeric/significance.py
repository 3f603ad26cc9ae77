"""Whether a paired difference is more than chance: bootstrap interval, permutation test, Holm.

They take per-query differences (candidate minus baseline, the same queries in both). Where queries come in
groups that are not independent of each other, such as several about one document, the groups are drawn and
flipped as wholes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 1 << 22  # random numbers drawn at once: bounds memory whatever the number of queries


def bootstrap_interval(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean difference (Efron & Tibshirani 1993, ch. 13).

    Args:
        differences: per-query differences, shape (queries,), at least one.
        level: coverage aimed at.
        resamples: how many times the queries are drawn with replacement.
        seed: of the resampling; the same seed gives the same interval.
        groups: a number for each query; whole groups are drawn. None draws queries.

    Returns:
        The interval's lower and upper end.

    Raises:
        ValueError: when there is no difference, or one is not finite.
    """
    sums, sizes = _grouped(_finite(differences), groups)
    generator = np.random.default_rng(seed)
    means = []
    for rows in _blocks(resamples, len(sums)):
        drawn = generator.integers(len(sums), size=(rows, len(sums)))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    tail = (1 - level) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def permutation_p(
    differences: ArrayLike,
    *,
    permutations: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> float:
    """Two-sided paired permutation test of the mean difference, by random sign flips.

    Null hypothesis: on every query the two systems' scores are exchangeable, so that each difference is
    as likely to be positive as negative. The observed assignment counts as one permutation, so p is
    never 0 (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).

    Args:
        differences: per-query differences, shape (queries,), at least one.
        permutations: random sign assignments drawn.
        seed: of the assignments.
        groups: a number for each query; the signs of a group are flipped together. None flips each.

    Returns:
        The p value, between 1 / (permutations + 1) and 1.

    Raises:
        ValueError: when there is no difference, or one is not finite.
    """
    values, _ = _grouped(_finite(differences), groups)
    generator = np.random.default_rng(seed)
    observed = abs(values.sum())
    # rounding must not make an equal sum look smaller than the observed one
    threshold = observed - 1e-9 * np.abs(values).sum()
    extreme = 0
    for rows in _blocks(permutations, len(values)):
        signs = generator.integers(2, size=(rows, len(values)), dtype=np.int8) * 2 - 1
        extreme += int(np.count_nonzero(np.abs(signs @ values) >= threshold))
    return (extreme + 1) / (permutations + 1)


def standard_error(differences: ArrayLike, *, groups: ArrayLike | None = None) -> float:
    """Standard error of the mean difference, of groups as wholes where there are any.

    Args:
        differences: per-query differences, shape (queries,), at least one.
        groups: a number for each query; None takes queries as independent.

    Returns:
        The error; infinite for a single group, which says nothing of its spread.

    Example:
        >>> round(standard_error([0.0, 2.0, 0.0, 2.0]), 3)
        0.577
    """
    values = _finite(differences)
    sums, sizes = _grouped(values, groups)
    if len(sums) < 2:
        return float("inf")
    deviations = sums - sizes * values.mean()
    return float(np.sqrt(deviations @ deviations * len(sums) / (len(sums) - 1)) / len(values))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjustment: controls the chance of any false claim among the tests (Holm 1979).

    Args:
        p_values: raw p values, shape (tests,).

    Returns:
        Adjusted p values in the same order, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    adjusted = np.empty_like(raw)
    adjusted[order] = np.maximum.accumulate(raw[order] * (len(raw) - np.arange(len(raw))))
    return np.minimum(adjusted, 1.0)


def _finite(differences: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"Differences of shape {values.shape} given; one finite number per query is needed.")
    return values


def _grouped(
    values: NDArray[np.float64], groups: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and size of every group; each value alone where there are none."""
    if groups is None:
        return values, np.ones(len(values))
    labels = np.asarray(groups)
    if labels.shape != values.shape:
        raise ValueError(f"{len(values)} differences have groups of shape {labels.shape}; give each one.")
    label = np.unique(labels, return_inverse=True)[1]
    sums = np.bincount(label, weights=values).astype(np.float64)
    return sums, np.bincount(label).astype(np.float64)


def _blocks(total: int, width: int) -> list[int]:
    rows = max(1, _BLOCK // width)
    return [min(rows, total - start) for start in range(0, total, rows)]

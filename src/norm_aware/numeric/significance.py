"""Whether a paired difference is more than chance: bootstrap interval, permutation test, corrections.

They take per-query differences (candidate minus baseline, the same queries in both). Where queries come in
groups that are not independent of each other, such as several about one document, the groups are drawn and
flipped as wholes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.resampling import blocks, finite_differences, group_sums, resampled_means


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
    sums, sizes = group_sums(_one_comparison(differences), groups)
    means = resampled_means(sums, sizes, resamples=resamples, seed=seed)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def permutation_p(
    differences: ArrayLike,
    *,
    permutations: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> float:
    """Two-sided paired permutation test of the mean difference, by sign flips.

    Null hypothesis: on every query the two systems' scores are exchangeable, so that each difference is
    as likely to be positive as negative. Where so few differences are not 0 that there are no more
    assignments of signs to them than `permutations`, every one is counted and p is exact. Otherwise they
    are drawn at random, and the observed assignment counts as one of them, so p is never 0 (Phipson &
    Smyth 2010, doi:10.2202/1544-6115.1585).

    Args:
        differences: per-query differences, shape (queries,), at least one.
        permutations: random sign assignments drawn.
        seed: of the assignments.
        groups: a number for each query; the signs of a group are flipped together. None flips each.

    Returns:
        The p value, above 0 and at most 1.

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> permutation_p([0.1, 0.2, 0.3, 0.0])  # 2 of 8 assignments are as far from 0
        0.25
    """
    column = _one_comparison(differences).reshape(-1, 1)
    return float(permutation_ps(column, permutations=permutations, seed=seed, groups=groups)[0])


def permutation_ps(
    differences: ArrayLike,
    *,
    permutations: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """`permutation_p` of several comparisons over the same queries, all by the same assignments of signs.

    Args:
        differences: shape (queries, comparisons); 0 where a comparison lacks a query, which leaves its p
            as if the query were not there.
        permutations: random sign assignments drawn.
        seed: of the assignments.
        groups: a number for each query, or None.

    Returns:
        A p value for each comparison, shape (comparisons,).

    Raises:
        ValueError: when there is no difference, or one is not finite.
    """
    sums, _ = group_sums(finite_differences(differences), groups)
    few = np.count_nonzero(sums, axis=0) <= permutations.bit_length() - 1  # log2, rounded down
    p = np.empty(sums.shape[1])
    p[few] = [_exact_p(column[column != 0]) for column in sums.T[few]]
    if not few.all():
        p[~few] = _random_p(sums[:, ~few], permutations, seed)
    return p


def _exact_p(values: NDArray[np.float64]) -> float:
    """Over every assignment of signs to values of which none is 0."""
    signs = np.indices((2,) * len(values), dtype=np.int8).reshape(len(values), 2 ** len(values)) * 2 - 1
    return float(np.mean(np.abs(values @ signs) >= _threshold(values)))


def _random_p(sums: NDArray[np.float64], permutations: int, seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    threshold = _threshold(sums)
    extreme = np.zeros(sums.shape[1])
    for rows in blocks(permutations, len(sums)):
        signs = generator.integers(2, size=(rows, len(sums)), dtype=np.int8) * 2 - 1
        extreme += np.count_nonzero(np.abs(signs.astype(np.float64) @ sums) >= threshold, axis=0)
    return np.asarray((extreme + 1) / (permutations + 1))


def _threshold(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The observed distance from 0, less rounding, which must not make an equal one look smaller."""
    return np.asarray(np.abs(sums.sum(axis=0)) - 1e-9 * np.abs(sums).sum(axis=0))


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
    values = _one_comparison(differences)
    sums, sizes = group_sums(values, groups)
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


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjustment that controls the share of false claims among the claims made (Benjamini & Hochberg 1995).

    It holds for independent tests and for tests that rise and fall together, as measures of the same
    answers do. It finds more than `holm`, and promises less: some of what it finds may be chance.

    Args:
        p_values: raw p values, shape (tests,).

    Returns:
        Adjusted p values in the same order, at most 1.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.04, 0.04]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-raw, kind="stable")
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum.accumulate(raw[order] * len(raw) / np.arange(len(raw), 0, -1))
    return np.minimum(adjusted, 1.0)


def _one_comparison(differences: ArrayLike) -> NDArray[np.float64]:
    values = finite_differences(differences)
    if values.ndim != 1:
        raise ValueError(f"Differences of shape {values.shape} given; one finite number per query is needed.")
    return values

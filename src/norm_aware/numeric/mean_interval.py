"""The interval that a comparison reports: BCa where there is enough to resample, Student's t where not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.bca import Interval, bca_intervals, nothing_known
from norm_aware.numeric.resampling import finite_differences, group_sums
from norm_aware.numeric.significance import standard_error
from norm_aware.numeric.student_t import t_quantile

FEW = 50
"""Queries (or groups) that differ from the most common value, under which nothing is resampled.

A bootstrap can draw again only what it has seen. In simulation (integration/results/statistics-check.json)
BCa's 95% interval falls to 93% and less below this, while the t interval holds; above it the two agree, and
where large losses are rare BCa is the better one.
"""


def mean_interval(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Interval:
    """Interval of the mean difference, by the method that holds its level on the sample's kind.

    BCa with widened tails (`bca_interval`) where at least `FEW` queries, or groups, differ from the most
    common difference, which is mostly 0; the t interval where fewer do: a bootstrap can draw again only
    what it has seen, and of a few changes it has seen too little.

    Args:
        differences: per-query differences, shape (queries,), at least one.
        level: coverage aimed at.
        resamples: how many times the queries are drawn with replacement.
        seed: of the resampling.
        groups: a number for each query; whole groups count. None takes queries as independent.

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> mean_interval([0.0, 0.0, 0.1, 0.0]).reason
        '1 of 4 questions differs from the others, too few to resample'
    """
    column = finite_differences(differences).reshape(-1, 1)
    (found,) = mean_intervals(column, level=level, resamples=resamples, seed=seed, groups=groups)
    return found


def mean_intervals(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> list[Interval]:
    """`mean_interval` of several comparisons over the same queries, all from the same resamples.

    Args:
        differences: shape (queries, comparisons).
        level: coverage aimed at.
        resamples: how many times the queries are drawn with replacement.
        seed: of the resampling.
        groups: a number for each query, or None.

    Raises:
        ValueError: when there is no difference, or one is not finite.
    """
    columns = finite_differences(differences)
    changed = changed_units(columns, groups)
    units = len(group_sums(columns, groups)[1])
    enough = (changed >= FEW) | (np.ptp(columns, axis=0) == 0)
    found: list[Interval] = [nothing_known(grouped=groups is not None)] * columns.shape[1]
    if enough.any():
        resampled = bca_intervals(
            columns[:, enough], level=level, resamples=resamples, seed=seed, groups=groups, widen=True
        )
        for at, interval in zip(np.flatnonzero(enough), resampled, strict=True):
            found[at] = interval
    for at in np.flatnonzero(~enough) if units > 1 else ():
        unit = "questions" if groups is None else "groups of questions"
        verb = "differs" if changed[at] == 1 else "differ"
        reason = f"{changed[at]} of {units} {unit} {verb} from the others, too few to resample"
        found[at] = t_interval(columns[:, at], level=level, groups=groups, reason=reason)
    return found


def t_interval(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    groups: ArrayLike | None = None,
    reason: str | None = None,
) -> Interval:
    """Student's interval of the mean difference; with groups from their robust standard error.

    Args:
        differences: per-query differences, shape (queries,), at least two (or two groups).
        level: coverage aimed at.
        groups: a number for each query, or None; there is one degree of freedom less than groups.
        reason: why it is taken in place of BCa.

    Raises:
        ValueError: when there is no difference, one is not finite, or there is one query or group alone.
    """
    values = finite_differences(differences)
    units = len(group_sums(values, groups)[1])
    half = t_quantile((1 + level) / 2, units - 1) * standard_error(values, groups=groups)
    mean = float(values.mean())
    return Interval(mean - half, mean + half, "t", reason)


def changed_units(columns: NDArray[np.float64], groups: ArrayLike | None = None) -> NDArray[np.int64]:
    """How many queries, or groups, hold a value other than the most common one, per comparison.

    Where no value occurs twice, all of them do.

    Args:
        columns: shape (queries, comparisons).
        groups: a number for each query, or None.

    Returns:
        Shape (comparisons,).
    """
    common = np.empty(columns.shape[1])
    for at, column in enumerate(columns.T):
        values, counts = np.unique(column, return_counts=True)
        common[at] = values[counts.argmax()] if counts.max() > 1 else np.nan
    changes, _ = group_sums((columns != common).astype(np.float64), groups)
    return np.asarray((changes > 0).sum(axis=0), dtype=np.int64)

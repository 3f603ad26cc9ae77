"""The BCa bootstrap interval of a mean difference: bias-corrected and accelerated (Efron 1987)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.resampling import finite_differences, group_sums, resampled_means
from norm_aware.numeric.student_t import t_quantile

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and how it came about.

    Attributes:
        low: lower end; minus infinity where nothing can be said.
        high: upper end; infinity where nothing can be said.
        method: "bca", "percentile", "t", or "none" where nothing can be said.
        reason: why it is not BCa; None where it is.
    """

    low: float
    high: float
    method: Literal["bca", "percentile", "t", "none"]
    reason: str | None = None


def bca_interval(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
    widen: bool = False,
) -> Interval:
    """BCa bootstrap interval of the mean difference (Efron 1987, doi:10.1080/01621459.1987.10478410).

    The percentile interval, its two tails moved for the bias of the resampled means and for how their
    spread changes with the mean. With groups whole groups are drawn, and the acceleration is from a
    jackknife that leaves out one group after the other.

    Where BCa has no answer another interval stands in and the reason is told: one query or one group has
    no interval at all, differences that are all equal have their percentile interval, which is a point,
    and so has a sample whose correction would leave the range of the resampled means.

    Args:
        differences: per-query differences, shape (queries,), at least one.
        level: coverage aimed at.
        resamples: how many times the queries are drawn with replacement.
        seed: of the resampling; the same seed gives the same interval.
        groups: a number for each query; whole groups are drawn. None draws queries.
        widen: widen the tails by what a bootstrap of few queries lacks: a resample varies less than a
            sample by (n - 1) / n, and by the normal's quantile instead of t's (Hesterberg 2015,
            doi:10.1080/00031305.2015.1089789, section 5.3).

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> found = bca_interval([0.0, 0.1, 0.2, 0.0, 0.4])
        >>> 0 < found.low < 0.14 < found.high < 0.4, found.method
        (True, 'bca')
    """
    column = finite_differences(differences).reshape(-1, 1)
    (found,) = bca_intervals(column, level=level, resamples=resamples, seed=seed, groups=groups, widen=widen)
    return found


def bca_intervals(
    differences: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    groups: ArrayLike | None = None,
    widen: bool = False,
) -> list[Interval]:
    """`bca_interval` of several comparisons over the same queries, all from the same resamples.

    Args:
        differences: shape (queries, comparisons).
        level: as in `bca_interval`, like the other arguments.
        resamples: see there.
        seed: see there.
        groups: see there.
        widen: see there.

    Returns:
        An interval for each comparison.

    Raises:
        ValueError: when there is no difference, or one is not finite.
    """
    columns = finite_differences(differences)
    sums, sizes = group_sums(columns, groups)
    if len(sizes) < 2:
        return [nothing_known(grouped=groups is not None)] * columns.shape[1]
    reach = _NORMAL.inv_cdf((1 + level) / 2)
    if widen:
        units = len(sizes)
        reach = math.sqrt(units / (units - 1)) * t_quantile((1 + level) / 2, units - 1)
    means = resampled_means(sums, sizes, resamples=resamples, seed=seed)
    observed = columns.mean(axis=0)
    rounding = 1e-12 * np.abs(columns).max(axis=0)
    # half of the resamples that hit the observed mean itself count as below it
    below = ((means < observed - rounding).mean(axis=0) + (means <= observed + rounding).mean(axis=0)) / 2
    acceleration = _accelerations(sums, sizes)
    found = []
    for column, share, change, drawn in zip(columns.T, below, acceleration, means.T, strict=True):
        if np.ptp(column) == 0:
            found.append(_point(float(column[0]), len(column)))
            continue
        tails, reason = _moved(reach, float(share), float(change)), None
        if tails is None:
            tails = [_NORMAL.cdf(-reach), _NORMAL.cdf(reach)]
            reason = "the resampled means are too lopsided for BCa's correction"
        low, high = np.quantile(drawn, tails)
        found.append(Interval(float(low), float(high), "percentile" if reason else "bca", reason))
    return found


def nothing_known(*, grouped: bool) -> Interval:
    """The interval of a single query, or a single group of them: everything."""
    unit = "group of questions" if grouped else "question"
    return Interval(-math.inf, math.inf, "none", f"a single {unit} says nothing of the spread")


def _point(value: float, count: int) -> Interval:
    return Interval(value, value, "percentile", f"all {count} differences are {value:.4g}")


def _accelerations(sums: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sixth of the skewness of the mean's jackknife values, per comparison; 0 where they do not vary."""
    left_out = (sums.sum(axis=0) - sums) / (sizes.sum() - sizes)[:, None]
    pulls = left_out.mean(axis=0) - left_out
    spread = 6 * (pulls**2).sum(axis=0) ** 1.5
    return np.asarray(np.divide((pulls**3).sum(axis=0), spread, out=np.zeros_like(spread), where=spread > 0))


def _moved(reach: float, below: float, acceleration: float) -> list[float] | None:
    """The tails at `reach` standard errors after both corrections; None where these have no answer."""
    if not 0 < below < 1:
        return None
    bias = _NORMAL.inv_cdf(below)
    moved = []
    for z in (bias - reach, bias + reach):
        if (scale := 1 - acceleration * z) <= 0:
            return None
        moved.append(_NORMAL.cdf(bias + z / scale))
    return moved

"""How small a difference a comparison could have found, and how many questions it would take."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.bisection import rising_root
from norm_aware.numeric.resampling import finite_differences, group_sums
from norm_aware.numeric.significance import standard_error
from norm_aware.numeric.student_t import t_cdf, t_quantile

_MOST = 10**9  # questions; more are as good as never


def minimum_detectable(
    differences: ArrayLike, *, power: float = 0.8, alpha: float = 0.05, groups: ArrayLike | None = None
) -> float | None:
    """The true difference that a comparison of this size and spread finds with the given power.

    From the noncentral t distribution of a two-sided paired t test (Cohen 1988, *Statistical Power
    Analysis*, ch. 2). It is a property of the questions and the noise, not of the observed difference, and
    is for one comparison: a correction over many needs more.

    Args:
        differences: per-query differences, shape (queries,), at least one.
        power: chance of finding it.
        alpha: significance level, two-sided.
        groups: a number for each query; groups then count as wholes.

    Returns:
        The difference, above 0, in the measure's unit; None where one query or group is all there is, or
        all differences are equal, since their spread is unknown then.

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> round(minimum_detectable([0.0, 0.2] * 50), 4)
        0.0284
    """
    values = finite_differences(differences)
    units = len(group_sums(values, groups)[1])
    if units < 2 or np.ptp(values) == 0:
        return None
    error = standard_error(values, groups=groups)
    return error * _needed_shift(units - 1, power, alpha) if error > 0 else None


def needed_questions(
    differences: ArrayLike,
    *,
    difference: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    groups: ArrayLike | None = None,
) -> int | None:
    """How many questions of this spread find a true difference with the given power.

    Args:
        differences: per-query differences, shape (queries,), at least one; their spread is what counts.
        difference: the true difference; None takes the observed one. That is a plan for the next run, no
            statement about this one: an observed difference is itself uncertain.
        power: chance of finding it.
        alpha: significance level, two-sided.
        groups: a number for each query; groups of the same mean size are then needed.

    Returns:
        The number of questions, at least 2; None where the difference is 0, its spread is unknown, or a
        thousand million would not do.

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> needed_questions([0.0, 0.2] * 50, difference=0.05)
        34
    """
    values = finite_differences(differences)
    units = len(group_sums(values, groups)[1])
    wanted = abs(float(values.mean()) if difference is None else difference)
    if units < 2 or np.ptp(values) == 0 or wanted <= 1e-12 * float(np.abs(values).max()):
        return None
    size = wanted / (standard_error(values, groups=groups) * math.sqrt(units))
    needed = _needed_units(size, power, alpha)
    return None if needed is None else math.ceil(needed * len(values) / units)


def t_test_power(shift: float, freedom: int, *, alpha: float = 0.05) -> float:
    """Power of a two-sided t test.

    Args:
        shift: true difference over its standard error.
        freedom: degrees of freedom.
        alpha: significance level.

    Example:
        >>> round(t_test_power(0.5 * 34**0.5, 33), 3)  # d of 0.5, 34 pairs
        0.808
    """
    critical = t_quantile(1 - alpha / 2, freedom)
    return 1 - t_cdf(critical, freedom, shift=shift) + t_cdf(-critical, freedom, shift=shift)


@lru_cache(maxsize=4096)
def _needed_shift(freedom: int, power: float, alpha: float) -> float:
    most = 2.0
    while t_test_power(most, freedom, alpha=alpha) < power:
        most *= 2
    return rising_root(lambda shift: t_test_power(shift, freedom, alpha=alpha) - power, 0.0, most)


def _needed_units(size: float, power: float, alpha: float) -> int | None:
    """The least number of pairs at which an effect of `size` standard deviations has the power."""
    z = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)
    if (z / size) ** 2 > _MOST:
        return None
    units = max(2, math.ceil((z / size) ** 2))  # the normal's answer, a little too few

    def is_enough(count: int) -> bool:
        return t_test_power(size * math.sqrt(count), count - 1, alpha=alpha) >= power

    while not is_enough(units):
        units += 1
    while units > 2 and is_enough(units - 1):
        units -= 1
    return units

"""How often the candidate is the better one: probability of superiority of paired scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.resampling import finite_differences, group_sums
from norm_aware.numeric.significance import standard_error
from norm_aware.numeric.student_t import t_quantile


@dataclass(frozen=True, slots=True)
class Superiority:
    """The chance that the candidate scores higher on a question, ties counting half, with its interval.

    Attributes:
        probability: from 0 to 1; 0.5 where neither is the better one.
        low: lower end of the interval.
        high: its upper end.
    """

    probability: float
    low: float
    high: float


def superiority(
    differences: ArrayLike, *, level: float = 0.95, groups: ArrayLike | None = None
) -> Superiority:
    """Probability of superiority, `P(candidate > baseline) + P(equal) / 2`, of paired scores.

    Unlike the mean difference it asks only for the sign on each question, so one question gained by far
    weighs as one lost by little (Grissom & Kim 2012, *Effect Sizes for Research*, ch. 5). The interval is
    Wilson's score interval with the ties' share taken as observed: wins, losses and ties have variance
    `p (1 - p) - ties / 4`. It stays within 0 and 1 and does not shrink to a point when every question is
    won; when every question is tied it does. With groups the number of questions counts as what it is
    worth, by the variance of groups over that of questions.

    Args:
        differences: per-query differences, candidate minus baseline, shape (queries,), at least one.
        level: coverage aimed at.
        groups: a number for each query, or None.

    Returns:
        The probability and its interval; from 0 to 1 where one query or group is all there is.

    Raises:
        ValueError: when there is no difference, or one is not finite.

    Example:
        >>> superiority([0.2, 0.1, 0.0, -0.1]).probability
        0.625
    """
    values = finite_differences(differences)
    won = (np.sign(values) + 1) / 2
    probability, ties = float(won.mean()), float((values == 0).mean())
    sums, _ = group_sums(won, groups)
    if len(sums) < 2:
        return Superiority(probability, 0.0, 1.0)
    worth = float(len(values))
    if groups is not None:
        alone, together = standard_error(won), standard_error(won, groups=groups)
        worth = worth * (alone / together) ** 2 if alone > 0 and together > 0 else len(sums)
    pull = t_quantile((1 + level) / 2, len(sums) - 1) ** 2 / worth
    # the roots of (probability - x)^2 = pull * (x (1 - x) - ties / 4)
    centre = probability + pull / 2
    root = math.sqrt(max(0.0, centre**2 - (1 + pull) * (probability**2 + pull * ties / 4)))
    low, high = (centre - root) / (1 + pull), (centre + root) / (1 + pull)
    return Superiority(probability, max(0.0, low), min(1.0, high))

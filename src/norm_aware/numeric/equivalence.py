"""Whether a candidate is no worse than the baseline by more than a margin, or equivalent within it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.mean_interval import FEW, changed_units
from norm_aware.numeric.resampling import finite_differences, group_sums
from norm_aware.numeric.significance import standard_error
from norm_aware.numeric.student_t import t_cdf, t_quantile

EquivalenceOutcome: TypeAlias = Literal["equivalent", "no worse", "worse", "not shown"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """A difference against a margin.

    Attributes:
        margin: the largest difference that does not matter.
        p: null hypothesis: the candidate is worse by at least the margin.
        p_equivalent: null hypothesis: the candidate is worse or better by at least the margin; the larger
            of two one-sided p values.
        low: lower end of the interval that both tests look at, of coverage 1 - 2 alpha.
        high: its upper end.
        outcome: "equivalent" where the interval lies within the margin on both sides; "no worse" where it
            lies above minus the margin; "worse" where it lies below; "not shown" otherwise.
    """

    margin: float
    p: float
    p_equivalent: float
    low: float
    high: float
    outcome: EquivalenceOutcome


def equivalence(
    differences: ArrayLike,
    *,
    margin: float,
    alpha: float = 0.05,
    groups: ArrayLike | None = None,
    span: float | None = None,
) -> Equivalence | None:
    """Two one-sided t tests against a margin (Schuirmann 1987, doi:10.1007/BF01068419).

    "No difference was shown" says nothing about how large it may be; this does. Null hypotheses: the mean
    difference is at most minus the margin; it is at least the margin. One candidate is no worse when the
    first is rejected, equivalent when both are.

    Args:
        differences: per-query differences, candidate minus baseline, shape (queries,), at least one.
        margin: the largest difference that does not matter, above 0, in the measure's unit.
        alpha: chance of a false claim, for each of the two tests.
        groups: a number for each query, for a cluster-robust standard error; None takes them as independent.
        span: the largest difference that one query could have, 1 for a measure from 0 to 1. Where fewer than
            `FEW` queries or groups differ, two queries (or groups) are added to the standard error on which
            the systems differ by all of it, once each way (as Agresti & Min 2005, doi:10.1002/sim.1781, do
            with pairs of yes and no): systems that agree on all of 50 questions may still differ on one in
            fifty. None adds nothing.

    Returns:
        The test; None for one query or one group, which says nothing of the spread.

    Raises:
        ValueError: when there is no difference, one is not finite, or the margin is not above 0.

    Example:
        >>> equivalence([0.01, -0.01, 0.0, 0.01, -0.01, 0.0], margin=0.02).outcome
        'equivalent'
    """
    values = finite_differences(differences)
    if not 0 < margin < np.inf:
        raise ValueError(f"The margin is {margin}; a number above 0 is needed.")
    units = len(group_sums(values, groups)[1])
    if units < 2:
        return None
    mean, freedom = float(values.mean()), units - 1
    error = standard_error(values, groups=groups)
    if span is not None and changed_units(values.reshape(-1, 1), groups)[0] < FEW:
        error = _guarded_error(values, groups, span)
    half = t_quantile(1 - alpha, freedom) * error
    low, high = mean - half, mean + half
    p_worse, p_better = _p(mean + margin, error, freedom), _p(margin - mean, error, freedom)
    outcome: EquivalenceOutcome = "not shown"
    if p_worse < alpha:
        outcome = "equivalent" if p_better < alpha else "no worse"
    elif high < -margin:
        outcome = "worse"
    return Equivalence(margin, p_worse, max(p_worse, p_better), low, high, outcome)


def _guarded_error(values: np.ndarray, groups: ArrayLike | None, span: float) -> float:
    """Standard error with two more queries, or groups of usual size, the systems apart by the whole span."""
    labels = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    size = round(len(values) / len(np.unique(labels)))
    more, apart = labels.max() + np.array([1, 2]), np.array([span, -span])
    return standard_error(
        np.concatenate([values, np.repeat(apart, size)]),
        groups=np.concatenate([labels, np.repeat(more, size)]),
    )


def _p(distance: float, error: float, freedom: int) -> float:
    """Chance of a mean at least so far above the edge of the null hypothesis."""
    if error == 0:
        return float(distance <= 0)
    return 1 - t_cdf(distance / error, freedom)

"""How much of a difference each step of a ladder makes.

The mean differences between consecutive rungs, over the questions that every rung has a value for, add up to
the difference between the candidate and the baseline on those questions. What a step is given depends on
where in the ladder it stands: a reranker has less to mend on top of a better retrieval, and in another order
of the steps the shares would be others. It is an account of this order, not a causal claim beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from norm_aware.benchmark.attribution.differences import (
    Estimate,
    Resampling,
    common,
    differences,
    estimate,
)
from norm_aware.benchmark.attribution.ladder import Rung
from norm_aware.benchmark.comparison.pairs import Values


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one measure.

    Attributes:
        step: what changed, as the ladder names it.
        lower: name of the system before the change.
        upper: name of the system after it.
        estimate: upper minus lower, over the questions every rung has a value for.
    """

    step: str
    lower: str
    upper: str
    estimate: Estimate

    def as_row(self) -> dict[str, Any]:
        """The step as results.json holds it."""
        return {"step": self.step, "from": self.lower, "to": self.upper, **self.estimate.as_row()}


def steps(values: Values, rungs: Sequence[Rung], measure: str, *, resampling: Resampling) -> list[Step]:
    """The steps of a ladder on one measure.

    A rung between that was never measured by it, as where only compared systems were answered for, is
    stepped over, and the step named after all it changes.

    Args:
        values: per-question values of the rungs' systems.
        rungs: from the baseline to the candidate.
        measure: what is attributed.
        resampling: how intervals are made.

    Returns:
        A step for each two consecutive rungs, whose differences add up to that of the whole ladder; none
        where the baseline or the candidate was not measured.
    """
    measured = _measured(values, rungs, measure)
    questions = set(common(values, [rung.system.name for rung in measured], measure)) if measured else set()
    found: list[Step] = []
    for below, above in pairwise(measured):
        pair = (below.system.name, above.system.name)
        paired = {q: d for q, d in differences(values, pair, measure).items() if q in questions}
        found.append(Step(above.step, *pair, estimate(paired, resampling)))
    return found


def total(values: Values, found: Sequence[Step], measure: str, *, resampling: Resampling) -> Estimate:
    """The difference that steps add up to, over the same questions.

    Args:
        values: what the steps were made from.
        found: the steps of one measure.
        measure: which.
        resampling: how the interval is made.
    """
    if not found:
        return Estimate(0)
    if len(found) == 1:
        return found[0].estimate
    questions = common(values, [found[0].lower, *(step.upper for step in found)], measure)
    paired = differences(values, (found[0].lower, found[-1].upper), measure)
    return estimate({q: paired[q] for q in questions}, resampling)


def _measured(values: Values, rungs: Sequence[Rung], measure: str) -> list[Rung]:
    kept: list[Rung] = []
    skipped: list[str] = []
    for rung in rungs:
        of_measure = values.get(rung.system.name, {}).get(measure, {})
        if any(value is not None for value in of_measure.values()):
            kept.append(Rung(" + ".join([*skipped, rung.step]), rung.system))
            skipped = []
        elif rung in (rungs[0], rungs[-1]):
            return []
        else:
            skipped.append(rung.step)
    return kept

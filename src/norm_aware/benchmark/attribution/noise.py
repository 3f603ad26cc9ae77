"""How much of a difference is the answering model's own noise.

A model asked twice with the same contexts may answer in two ways. Where a run asked again, the spread of the
answers to one question says how much of the spread between questions is that, and how much surer the mean
difference would be of a model that always answered alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from norm_aware.benchmark.attribution.differences import differences
from norm_aware.benchmark.comparison.pairs import Values


@dataclass(frozen=True, slots=True)
class RepeatScore:
    """The score of a further answer to the same contexts.

    Attributes:
        system: whose answer it is.
        query_id: which question.
        measure: what was measured.
        repeat: which of the further answers, from 1.
        value: the score; None where there is none.
    """

    system: str
    query_id: str
    measure: str
    repeat: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Noise:
    """The model's noise in one measure of one pair of systems.

    Attributes:
        sd: standard deviation of the score between answers to one question from the same contexts.
        standard_error: what it adds to the standard error of the mean difference, as a root of a sum of
            squares; questions whose answer both systems share add nothing.
        share: of the variance of the differences between questions; None where they do not vary. By
            estimate it can come out above 1, when all of the variance may be noise.
        n: questions with further answers.
    """

    sd: float
    standard_error: float
    share: float | None
    n: int

    def as_row(self) -> dict[str, Any]:
        """The noise as results.json holds it."""
        return asdict(self)


def noise(
    values: Values,
    repeats: Iterable[RepeatScore],
    systems: tuple[str, str],
    measure: str,
    *,
    shared: Collection[str] = (),
) -> Noise | None:
    """The noise of a pair of systems in one measure.

    The within-question variance of each system is pooled over the questions, weighted by the answers beyond
    the first (as the error term of a one-way analysis of variance), and taken for all of them alike.

    Args:
        values: per-question values of the first answers.
        repeats: scores of the further answers; those of other systems and measures are passed over.
        systems: baseline and candidate.
        measure: which.
        shared: questions for which the two had the same contexts, and so one answer.

    Returns:
        None where one of the two was never asked twice, or no question has both values.
    """
    paired = differences(values, systems, measure)
    further: dict[tuple[str, str], list[float]] = {}
    for score in repeats:
        if score.measure == measure and score.value is not None:
            further.setdefault((score.system, score.query_id), []).append(score.value)
    apart = [question for question in paired if question not in shared]
    # those answered once for both say how noisy the model is only where there are no others
    of_interest = apart or list(paired)
    answers = {s: _answers(values, further, s, measure, of_interest) for s in systems}
    if not all(answers.values()):
        return None
    variance = {s: _pooled_variance(answers[s]) for s in systems}
    column = np.array([paired[q] for q in sorted(paired)])
    mean_noise = len(apart) / len(column) * (variance[systems[0]] + variance[systems[1]])
    spread = float(column.var(ddof=1)) if len(column) > 1 else 0.0
    return Noise(
        sd=float(np.sqrt(_pooled_variance([*answers[systems[0]], *answers[systems[1]]]))),
        standard_error=float(np.sqrt(mean_noise / len(column))),
        share=mean_noise / spread if spread > 0 else None,
        n=len({q for q in of_interest if any((s, q) in further for s in systems)}),
    )


def _answers(
    values: Values,
    further: Mapping[tuple[str, str], Sequence[float]],
    system: str,
    measure: str,
    questions: Iterable[str],
) -> list[list[float]]:
    first = values.get(system, {}).get(measure, {})
    asked_again = ((first.get(q), further[system, q]) for q in questions if (system, q) in further)
    return [[value, *others] for value, others in asked_again if value is not None]


def _pooled_variance(answers: Sequence[Sequence[float]]) -> float:
    squares = sum(float(((np.array(a) - np.mean(a)) ** 2).sum()) for a in answers)
    return squares / sum(len(a) - 1 for a in answers)

"""What is scored and what a score is: the values that pass between collecting, scoring and comparing."""

from __future__ import annotations

from dataclasses import dataclass

from norm_aware.benchmark.llms.usage import Usage


@dataclass(frozen=True, slots=True)
class Sample:
    """One question as one system answered it, with everything a metric may look at.

    Attributes:
        question: the question's text.
        answer: the system's answer.
        contexts: texts of the documents the answer was written from, best first, as far as its model was
            shown them.
        context_ids: their ids, in the same order.
        references: gold answers, any of which is right; empty where the dataset has none.
        relevant_ids: ids of the documents judged relevant to the question.
    """

    question: str
    answer: str
    contexts: tuple[str, ...]
    context_ids: tuple[str, ...]
    references: tuple[str, ...]
    relevant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one sample: a value, or the reason why there is none.

    Attributes:
        measure: the measure's name, as in the report.
        value: the score, a mean where a judge was asked repeatedly; None when the call failed.
        reason: why `value` is None; None otherwise.
        seconds: wall time the score took.
        explanation: the judge's own words.
        repeats: the value of each time a judge was asked, where it was asked more than once.
        spread: their standard deviation (n - 1); None for fewer than two values.
        usage: what a judge's calls took.
        positions: of a pairwise verdict, the position each order preferred: 1, 2, or 0 for neither.
    """

    measure: str
    value: float | None
    reason: str | None = None
    seconds: float = 0.0
    explanation: str | None = None
    repeats: tuple[float | None, ...] = ()
    spread: float | None = None
    usage: Usage | None = None
    positions: tuple[int, ...] = ()

"""The differences that are compared: candidate minus baseline on each question, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.comparison.scale import Scale

Values: TypeAlias = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""`{system: {measure: {query_id: value}}}`; None where the call failed."""


def values_of(scores: Iterable[Mapping[str, Any]]) -> Values:
    """The values of all systems.

    Args:
        scores: rows of `score_run`.

    Example:
        >>> values_of([{"system": "dot", "measure": "RR@10", "query_id": "q1", "value": 0.5}])
        {'dot': {'RR@10': {'q1': 0.5}}}
    """
    values: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in scores:
        of_system = values.setdefault(row["system"], {})
        of_system.setdefault(row["measure"], {})[row["query_id"]] = row["value"]
    return values


@dataclass(frozen=True, slots=True)
class Pairs:
    """One measure of one candidate beside the baseline.

    Attributes:
        candidate: name of the candidate.
        measure: what is compared.
        scale: of the measure, widened where a value lies outside.
        differences: candidate minus baseline, shape (questions,); NaN where either value is missing.
        worst: the same with every missing value as bad for the candidate as the scale allows; NaN where
            neither system was asked, or where there is nothing to fill in.
        missing_baseline: questions with a value of the candidate only, or of neither.
        missing_candidate: questions with a value of the baseline only, or of neither.
    """

    candidate: str
    measure: str
    scale: Scale
    differences: NDArray[np.float64]
    worst: NDArray[np.float64]
    missing_baseline: int
    missing_candidate: int


def paired(
    values: Values, questions: Sequence[str], *, baseline: str, candidate: str, measure: str, scale: Scale
) -> Pairs:
    """Pair a candidate with the baseline on one measure.

    Args:
        values: of all systems.
        questions: ids in the order of the rows.
        baseline: name of the baseline.
        candidate: name of the candidate.
        measure: what is compared.
        scale: of the measure.
    """
    theirs, ours = values[baseline].get(measure, {}), values[candidate].get(measure, {})
    asked = np.array([question in theirs or question in ours for question in questions], dtype=bool)
    before, after = (np.array([_number(of.get(question)) for question in questions]) for of in (theirs, ours))
    seen = np.concatenate([before, after, [scale.low, scale.high]])
    scale = Scale(float(np.nanmin(seen)), float(np.nanmax(seen)), scale.higher_is_better)
    differences = after - before
    worst = np.full(len(questions), np.nan)
    missing = asked & np.isnan(differences)
    if missing.any() and not np.isnan(differences).all():
        least = np.where(np.isnan(after), scale.worst, after)
        most = np.where(np.isnan(before), scale.best, before)
        worst = np.where(asked, least - most, np.nan)
    return Pairs(
        candidate,
        measure,
        scale,
        differences,
        worst,
        missing_baseline=int((asked & np.isnan(before)).sum()),
        missing_candidate=int((asked & np.isnan(after)).sum()),
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)

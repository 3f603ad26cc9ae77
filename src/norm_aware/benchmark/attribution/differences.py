"""Mean differences over groups of questions, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.comparison.pairs import Values
from norm_aware.numeric.mean_interval import mean_interval

FEWEST = 5
"""Questions below which resampling them says nothing, so that no interval is given."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made.

    Attributes:
        seed: of the draws.
        clusters: for each question, the number of the group it is drawn with; a question without one is
            drawn by itself, and None draws questions.
        draws: how many; the ends of an interval then vary by about 3% of its half width.
    """

    seed: int = 0
    clusters: Mapping[str, int] | None = None
    draws: int = 2_000

    def groups(self, questions: Sequence[str]) -> NDArray[np.int64]:
        """The group of every question, numbered from 0."""
        clusters = self.clusters or {}
        # numbers of clusters and names of questions cannot be mistaken for each other
        labels = [clusters.get(question, question) for question in questions]
        numbers: dict[int | str, int] = {}
        return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions.

    Attributes:
        n: questions.
        difference: their mean; None where there are none.
        low: lower end of the 95% interval; None below `FEWEST` questions, or clusters of them.
        high: its upper end.
    """

    n: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    def as_row(self) -> dict[str, Any]:
        """The estimate as results.json holds it."""
        return asdict(self)


def common(values: Values, systems: Sequence[str], measure: str) -> list[str]:
    """The questions for which every one of the systems has a value, sorted."""
    of_systems = [values.get(system, {}).get(measure, {}) for system in systems]
    first = of_systems[0]
    return sorted(q for q in first if all(of_system.get(q) is not None for of_system in of_systems))


def differences(values: Values, systems: tuple[str, str], measure: str) -> dict[str, float]:
    """The second system's value minus the first's, for each question that has both, sorted."""
    first, second = (values.get(system, {}).get(measure, {}) for system in systems)
    known = common(values, systems, measure)
    return {q: float(second[q]) - float(first[q]) for q in known}  # type: ignore[arg-type]


def estimate(values: Mapping[str, float], resampling: Resampling) -> Estimate:
    """The mean of one value a question, with the interval of the comparisons.

    Args:
        values: by question; their order does not matter.
        resampling: how the interval is made.
    """
    if not values:
        return Estimate(0)
    questions = sorted(values)
    column = [values[question] for question in questions]
    mean = sum(column) / len(column)
    groups = resampling.groups(questions)
    if groups.max() + 1 < FEWEST:
        return Estimate(len(column), mean)
    found = mean_interval(
        column,
        resamples=resampling.draws,
        seed=resampling.seed,
        groups=None if resampling.clusters is None else groups,
    )
    return Estimate(len(column), mean, found.low, found.high)

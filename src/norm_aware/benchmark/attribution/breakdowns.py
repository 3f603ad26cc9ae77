"""Differences by kind of question and by what its relevant documents are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from norm_aware.benchmark.attribution.differences import FEWEST, Resampling, estimate

OTHER = "other"
"""Name of the group of kinds with too few questions each."""

NOT_GIVEN = "not given"
"""Name of the group of questions of which it is not known."""

_QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Questions in groups, each in exactly one.

    Attributes:
        by: what they are grouped by.
        groups: names and questions, in the order they are shown; a group of fewer than `FEWEST` stands
            where there is nothing to merge it with, and has no interval.
    """

    by: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    def break_down(self, differences: Mapping[str, float], *, resampling: Resampling) -> list[dict[str, Any]]:
        """The mean difference of each group.

        Args:
            differences: by question.
            resampling: how intervals are made; they are not adjusted for the number of groups.

        Returns:
            `name`, `n`, `difference`, `low` and `high` of every group.
        """
        return [
            {
                "name": name,
                **estimate({q: differences[q] for q in of_group if q in differences}, resampling).as_row(),
            }
            for name, of_group in self.groups
        ]


def by_kind(by: str, questions: Sequence[str], kinds: Mapping[str, str]) -> Grouping:
    """Questions of one kind together; kinds of fewer than `FEWEST` questions are one group, `OTHER`.

    Args:
        by: what the kind is, for the report.
        questions: all of them.
        kinds: of each; a question that is missing is in the group `NOT_GIVEN`.

    Example:
        >>> kinds = {"1": "when", "2": "when", "3": "when", "4": "when", "5": "when", "6": "who"}
        >>> [(name, len(of_group)) for name, of_group in by_kind("question type", [*"123456"], kinds).groups]
        [('when', 5), ('other', 1)]
    """
    found: dict[str, list[str]] = {}
    for question in sorted(questions):
        if question in kinds:
            found.setdefault(kinds[question], []).append(question)
    large = {kind: of_kind for kind, of_kind in found.items() if len(of_kind) >= FEWEST and kind != OTHER}
    rest = sorted(q for kind, of_kind in found.items() if kind not in large for q in of_kind)
    ordered = sorted(large.items(), key=lambda group: (-len(group[1]), group[0]))
    return _grouping(by, [*ordered, (OTHER, rest)], questions, kinds)


def by_amount(by: str, questions: Sequence[str], amounts: Mapping[str, float]) -> Grouping:
    """Questions with alike amounts together: each amount a group where there are at most four, else quarters.

    A group of fewer than `FEWEST` questions is merged with the one above it, the highest with the one below.

    Args:
        by: what the amount is, for the report.
        questions: all of them.
        amounts: of each, compared to four digits; a question that is missing is in the group `NOT_GIVEN`.

    Example:
        >>> grouping = by_amount("length", [*"abcdefghij"], {q: ord(q) // 102 for q in "abcdefghij"})
        >>> [(name, len(of_group)) for name, of_group in grouping.groups]
        [('0', 5), ('1', 5)]
    """
    rounded = {q: float(f"{amounts[q]:.4g}") for q in questions if q in amounts}
    levels = sorted(set(rounded.values()))
    if len(levels) > len(_QUARTILES) + 1:
        levels = sorted({*np.quantile(list(rounded.values()), _QUARTILES).tolist(), levels[-1]})
    bins: list[list[str]] = [[] for _ in levels]
    for question in sorted(rounded):
        bins[int(np.searchsorted(levels, rounded[question]))].append(question)
    merged: list[list[str]] = [[]]
    for of_bin in bins:
        if len(merged[-1]) >= FEWEST:
            merged.append([])
        merged[-1] += of_bin
    if len(merged) > 1 and len(merged[-1]) < FEWEST:
        rest = merged.pop()
        merged[-1] += rest
    named = [(_span([rounded[q] for q in of_group]), sorted(of_group)) for of_group in merged if of_group]
    return _grouping(by, named, questions, amounts)


def _grouping(
    by: str,
    groups: Sequence[tuple[str, list[str]]],
    questions: Sequence[str],
    known: Mapping[str, object],
) -> Grouping:
    unknown = sorted(question for question in questions if question not in known)
    every = [*groups, (NOT_GIVEN, unknown)]
    return Grouping(by, tuple((name, tuple(of_group)) for name, of_group in every if of_group))


def _span(amounts: Sequence[float]) -> str:
    low, high = (f"{end:.0f}" if end >= 1000 else f"{end:.4g}" for end in (min(amounts), max(amounts)))
    return low if low == high else f"{low} to {high}"

"""What becomes of an answer when a relevant document enters or leaves what it is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.benchmark.attribution.differences import Resampling, estimate

CHANGES = ("entered", "left", "kept", "absent")
"""More relevant documents than before, fewer, as many, and none in either."""


def context_change(before: Sequence[str], after: Sequence[str], relevant: Sequence[str]) -> str:
    """What happened to a question's relevant documents among the contexts of its answer.

    Args:
        before: ids of the documents the baseline's answer was written from.
        after: ids of those of the candidate's.
        relevant: ids of the relevant documents.

    Returns:
        "entered" where more of them are among the contexts than before, "left" where fewer, "kept" where as
        many and at least one, "absent" where there are none in either.

    Example:
        >>> context_change(["a", "b"], ["b", "c"], relevant=["c"])
        'entered'
    """
    had, has = (len({*relevant} & {*contexts}) for contexts in (before, after))
    if had == has:
        return "kept" if has else "absent"
    return "entered" if has > had else "left"


def context_changes(
    changes: Mapping[str, str], answer: Mapping[str, float], *, resampling: Resampling
) -> dict[str, dict[str, Any]]:
    """The answer difference of the questions of each change.

    Args:
        changes: by question, as `context_change` says.
        answer: differences of an answer measure, by question.
        resampling: how intervals are made.

    Returns:
        `{change: {n, difference, low, high}}` for all of `CHANGES`; every question with a difference is in
        exactly one.
    """
    groups = {change: {q: d for q, d in answer.items() if changes[q] == change} for change in CHANGES}
    return {change: estimate(group, resampling).as_row() for change, group in groups.items()}


def answers_by_hit(
    contexts: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Sequence[str]],
    values: Mapping[str, float | None],
    *,
    resampling: Resampling,
) -> dict[str, dict[str, Any]]:
    """How well one system answers with and without a relevant document before it.

    Args:
        contexts: ids of the documents each answer was written from, by question.
        relevant: ids of each question's relevant documents.
        values: of an answer measure, by question.
        resampling: how intervals are made.

    Returns:
        `{"hit": ..., "miss": ...}`, each with `n`, `mean`, `low` and `high`.
    """
    answered = {question: value for question, value in values.items() if value is not None}
    hits = {question for question in answered if {*contexts[question]} & {*relevant[question]}}
    found = {}
    for name, wanted in (("hit", True), ("miss", False)):
        group = estimate({q: v for q, v in answered.items() if (q in hits) is wanted}, resampling)
        found[name] = {"n": group.n, "mean": group.difference, "low": group.low, "high": group.high}
    return found

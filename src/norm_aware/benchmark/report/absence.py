"""Why a figure of a comparison is not there, in a reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WHY = {
    "effect_size": "every question differs by the same amount, which has no spread to measure it by",
    "minimum_detectable": "every question differs by the same amount, so nothing is known of the spread",
    "needed": "the difference is 0, or nothing is known of its spread",
    "clusters": "questions count one by one",
}


def why_absent(comparison: Mapping[str, Any], figure: str) -> str:
    """Why a figure of a comparison is null.

    Args:
        comparison: one of `comparisons` in results.json.
        figure: its key, such as "effect_size"; "low" stands for the interval.

    Example:
        >>> why_absent({"n": 12, "clusters": 1}, "low")
        'needs more than one cluster: all 12 questions share relevant documents'
    """
    n = comparison["n"]
    if figure == "worst_case" and not comparison["missing_baseline"] + comparison["missing_candidate"]:
        return "nothing is missing"
    if n == 0:
        return "no question has this score from both systems"
    if figure == "worst_case":
        return "not computed"
    if n == 1:
        return "needs more than one question"
    if comparison.get("clusters") == 1 and figure != "effect_size":
        return f"needs more than one cluster: all {n} questions share relevant documents"
    return _WHY.get(figure, "not computed")

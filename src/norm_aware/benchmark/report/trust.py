"""A judge's biases and its consistency, as a table shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIGURES = (
    (
        "position_bias",
        "follows_position",
        "low",
        "high",
        "Chooses by position, whichever answer stands there",
    ),
    ("position_bias", "first_rate", None, None, "Chooses the first of two answers"),
    ("length_bias", "concise", None, None, "Accepts an answer as it is"),
    ("length_bias", "padded", None, None, "Accepts the same answer padded with words that say nothing"),
    ("consistency", "unanimous", "low", "high", "Says the same in all repeats"),
    (
        "consistency",
        "rephrased",
        "rephrased_low",
        "rephrased_high",
        "Says the same when asked in other words",
    ),
)


def judge_figures(check: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Rows of `title`, `share`, `low` and `high`; figures that the check has not are left out.

    Args:
        check: of the judge, as results.json holds it; None where there was none.

    Example:
        >>> judge_figures({"consistency": {"unanimous": 0.9, "low": 0.8, "high": 0.95}})[0]["share"]
        0.9
    """
    rows = []
    for part, key, low, high, title in _FIGURES:
        found = (check or {}).get(part)
        if isinstance(found, Mapping) and found.get(key) is not None:
            ends = [found.get(end) if end else None for end in (low, high)]
            rows.append({"title": title, "share": found[key], "low": ends[0], "high": ends[1]})
        elif isinstance(found, int | float) and key in ("follows_position", "padded", "unanimous"):
            title = part.replace("_", " ").capitalize()  # one number stands for the whole part
            rows.append({"title": title, "share": found, "low": None, "high": None})
    return rows

"""What judging cost, added up from the rows of scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def judge_costs(scores: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Calls, tokens, money and time of the judge by measure.

    Args:
        scores: rows of `score_run`; a verdict that several rows share counts once.

    Returns:
        `{measure: {calls, prompt_tokens, completion_tokens, cost, seconds}}`; `cost` is None where no price
        is known. Seconds are waited for each verdict, so that those asked for at once add up to more than
        went by.

    Example:
        >>> usage = {"calls": 2, "prompt_tokens": 900, "completion_tokens": 80, "cost": None}
        >>> row = {"measure": "faithfulness", "judge": "f", "seconds": 1.5, "usage": usage}
        >>> judge_costs([row, {**row, "usage": None, "shared": True}])["faithfulness"]["calls"]
        2
    """
    costs: dict[str, dict[str, Any]] = {}
    for row in scores:
        usage = row.get("usage")
        if not usage or row.get("shared"):
            continue
        of_measure = costs.setdefault(
            row["measure"],
            {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": None, "seconds": 0.0},
        )
        for name, spent in {**usage, "seconds": row["seconds"]}.items():
            if spent is not None:
                of_measure[name] = (of_measure[name] or 0) + spent
    return costs

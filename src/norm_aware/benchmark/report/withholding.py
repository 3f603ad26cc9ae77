"""How a report may read a measure: whether its figures are results at all, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNEXPLAINED = "its judge was not shown to be better than chance"


def withheld(measures: Mapping[str, Any]) -> dict[str, str]:
    """Measures that are uninformative, and why.

    Args:
        measures: of results.json.

    Example:
        >>> withheld({"faithfulness": {"informative": False, "why": "says yes to everything"}})
        {'faithfulness': 'says yes to everything'}
    """
    return {
        name: measure.get("why") or UNEXPLAINED
        for name, measure in measures.items()
        if not measure.get("informative", True)
    }


def measures_of_errors(results: Mapping[str, Any]) -> set[str]:
    """Measures of which less is better.

    Args:
        results: the content of results.json; its comparisons say so (`higher_is_better`).
    """
    return {row["measure"] for row in results["comparisons"] if not row.get("higher_is_better", True)}

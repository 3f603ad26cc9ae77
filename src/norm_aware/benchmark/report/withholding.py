"""Which figures a report may print as results: not those of a judge that is no better than chance."""

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

"""What each system's answers cost, added up from the rows of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def system_costs(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Calls, tokens, money and time by system.

    Args:
        rows: of `collect`; an answer that was another system's (`shared`) cost its own system nothing.

    Returns:
        `{system: {calls, prompt_tokens, completion_tokens, cost, seconds}}`; a figure that no row of the
        system has is None. Seconds are of retrieving and answering together.

    Example:
        >>> usage = {"calls": 1, "prompt_tokens": 90, "completion_tokens": 5, "cost": None}
        >>> rows = [{"system": "dot", "seconds": 0.5, "usage": usage}] * 2
        >>> system_costs(rows)["dot"]["prompt_tokens"]
        180
    """
    costs: dict[str, dict[str, Any]] = {}
    for row in rows:
        of_system = costs.setdefault(
            row["system"],
            dict.fromkeys(("calls", "prompt_tokens", "completion_tokens", "cost", "seconds")),
        )
        usage = {} if row.get("shared") else dict(row.get("usage") or {})
        for key, spent in {**usage, "seconds": row.get("seconds")}.items():
            if key in of_system and spent is not None:
                of_system[key] = (of_system[key] or 0) + spent
    return costs

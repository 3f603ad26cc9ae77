"""Values of a finished run out of its results, to judge it or to compare it with another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.errors import BenchmarkError


def saved_values(results: Mapping[str, Any], system: str, measure: str) -> dict[str, float | None]:
    """A system's value on each question it was asked for a measure; None where the call failed.

    Args:
        results: the content of a results.json.
        system: name of one of its systems.
        measure: name of one of its measures.

    Raises:
        BenchmarkError: when the system is not among them.
    """
    if system not in results["systems"]:
        raise BenchmarkError(
            f"There is no system {system!r} in the run {results['name']!r}; it has "
            f"{', '.join(results['systems'])}."
        )
    found = {
        query["query_id"]: query["systems"].get(system, {}).get("measures", {})
        for query in results["queries"]
    }
    return {query: measures[measure] for query, measures in found.items() if measure in measures}


def saved_relevant(results: Mapping[str, Any]) -> dict[str, list[str]]:
    """Ids of the documents relevant to each question, by question id."""
    return {query["query_id"]: list(query["relevant"]) for query in results["queries"]}


def saved_clusters(results: Mapping[str, Any]) -> dict[str, int] | None:
    """The cluster of each question, by question id; None where each stands for itself.

    So it is where no two share a relevant document, and where the run's plan says `compare.cluster: false`.
    """
    comparing = (results.get("plan") or {}).get("compare") or {}
    return question_clusters(saved_relevant(results)) if comparing.get("cluster", True) else None

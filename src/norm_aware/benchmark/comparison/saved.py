"""Reading back what a finished run saved, to judge it or to compare it with another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.errors import BenchmarkError

_KEYS = ("name", "baseline", "dataset", "systems", "measures", "comparisons", "queries", "configuration")
_AGAIN = "run `norm-aware benchmark` to make it, or name the results.json of a finished run"


def read_results(path: Path) -> dict[str, Any]:
    """Read a results.json, or the one in a run's folder.

    Args:
        path: the file or the folder.

    Raises:
        BenchmarkError: when it cannot be read, or is no results.json.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchmarkError(f"There is no {file}; {_AGAIN}.") from None
    except OSError as error:
        raise BenchmarkError(f"{file} cannot be read ({error.strerror}); {_AGAIN}.") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise BenchmarkError(f"{file} is not valid JSON ({error}); {_AGAIN}.") from error
    missing = [key for key in _KEYS if not isinstance(results, dict) or key not in results]
    if missing:
        raise BenchmarkError(f"{file} lacks {', '.join(missing)}; {_AGAIN}.")
    return dict(results)


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

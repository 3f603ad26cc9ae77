"""The same results for other readers: Markdown for a pull request, CSV for a table, JSON for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.report.markdown import as_markdown
from norm_aware.benchmark.report.render import page, write_text
from norm_aware.benchmark.report.schema import read_results
from norm_aware.errors import BenchmarkError

COLUMNS = ("system", "query_id", "measure", "kind", "informative", "value", "spread", "reason")
"""Columns of the CSV export."""

_FORMULA = ("=", "+", "-", "@", "\t", "\n")  # a cell that begins so is worked out by a spreadsheet


def write_export(results_path: Path, out: Path | None = None, *, format: str = "html") -> Path:  # noqa: A002
    """Read results.json and write it in another format.

    Args:
        results_path: the results.json of a run.
        out: where it goes; by default `report.html`, `report.md`, `report.csv` or `report.json` beside it.
        format: "html", "markdown", "csv" or "json".

    Returns:
        The path of what was written.

    Raises:
        BenchmarkError: for an unknown format, or results that cannot be read, or a file that cannot be
            written.
        MissingExtraError: when jinja2 or jsonschema is not installed.
    """
    text = export(results_path, format=format)
    return write_text(results_path.with_name(f"report.{_FORMATS[format][1]}") if out is None else out, text)


def export(results_path: Path, *, format: str = "html") -> str:  # noqa: A002
    """What `write_export` writes, as text.

    Raises:
        BenchmarkError: for an unknown format or results that cannot be read.
        MissingExtraError: when jinja2 or jsonschema is not installed.
    """
    if format not in _FORMATS:
        raise BenchmarkError(f"There is no format {format!r}; choose one of {', '.join(_FORMATS)}.")
    return _FORMATS[format][0](read_results(results_path))


def as_csv(results: Mapping[str, Any]) -> str:
    """One row per system, question and measure, under `COLUMNS`.

    A measure that is not informative keeps its values and says so: a table of data is not a result yet. A
    text that a spreadsheet would take for a formula, such as a question's id `=A1`, has an apostrophe before
    it.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in _rows(results))
    return file.getvalue()


def as_json(results: Mapping[str, Any]) -> str:
    """The results themselves."""
    return json.dumps(results, indent=1, allow_nan=False) + "\n"


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves \r unquoted, where it ends a row
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(results: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    reasons = {(f["system"], f["query_id"], f["measure"]): f["reason"] for f in results["failures"]}
    measures = results["measures"]
    for query in results["queries"]:
        for system, run in query["systems"].items():
            unanswered = reasons.get((system, query["query_id"], "answer"))
            for name, value in run["measures"].items():
                measure = measures.get(name, {})
                reason = reasons.get((system, query["query_id"], name))
                yield {
                    "system": system,
                    "query_id": query["query_id"],
                    "measure": name,
                    "kind": measure.get("kind"),
                    "informative": str(measure.get("informative", True)).lower(),
                    "value": value,
                    "spread": run.get("spreads", {}).get(name),
                    "reason": None if value is not None else reason or unanswered,
                }


_FORMATS: dict[str, tuple[Callable[[Mapping[str, Any]], str], str]] = {
    "html": (page, "html"),
    "markdown": (as_markdown, "md"),
    "csv": (as_csv, "csv"),
    "json": (as_json, "json"),
}

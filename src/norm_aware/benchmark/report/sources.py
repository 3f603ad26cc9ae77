"""Where differences come from, as the templates show it: attribution, breakdowns and the plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.benchmark.report.chart import forest_axis
from norm_aware.benchmark.report.scatter import scatter

MOVED = 10
"""Most documents in each list of promoted and demoted ones."""

_EXCERPT = 300  # characters of a moved document's text


def attributions(
    results: Mapping[str, Any],
    candidates: Sequence[str],
    *,
    headline: Sequence[str],
    withheld: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    """The attribution of each candidate that has one, charts and texts beside it.

    Args:
        results: the content of results.json.
        candidates: in the order they are shown.
        headline: measures whose ladder comes first.
        withheld: measures that are not printed as results.
    """
    texts = {query["query_id"]: query["text"] for query in results["queries"]}
    found = {}
    for candidate in candidates:
        given = results["attribution"].get(candidate)
        if not given:
            continue
        steps = {m: rows for m, rows in (given.get("steps") or {}).items() if m not in withheld and rows}
        gain = given.get("gain") or {}
        unheard = gain.get("answer", "") in {None, *withheld}
        changes = {} if unheard else given.get("context_changes") or {}
        silent = {gain.get("retrieval"), gain.get("answer")} & set(withheld)
        found[candidate] = {
            "ladders": [
                {
                    "measure": m,
                    "rows": steps[m],
                    "total": (given.get("totals") or {}).get(m),
                    "axis": forest_axis(steps[m]),
                    "first": m in headline,
                }
                for m in sorted(steps, key=lambda m: (m not in headline, list(steps).index(m)))
            ],
            "noise": {m: n for m, n in (given.get("noise") or {}).items() if n and m not in withheld},
            "gain": None if silent else gain,
            "scatter": None if silent else scatter(gain.get("points") or ()),
            "answer": gain.get("answer"),
            "changes": changes,
            "changes_axis": forest_axis(changes.values()),
            "hits": None if unheard else given.get("hits"),
            "favours": _favours(given.get("movement") or {}),
            "moved": _moved(results, given, texts),
        }
    return found


def _favours(movement: Mapping[str, Any]) -> list[tuple[int, str, Mapping[str, Any]]]:
    return [
        (at["depth"], name, row)
        for at in movement.get("depths") or ()
        for name, row in at["favours"].items()
        if row["n"]
    ]


def _moved(
    results: Mapping[str, Any], given: Mapping[str, Any], texts: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Documents that moved far for a question, then those that moved for many, each with its text."""
    often = (given.get("movement") or {}).get("often") or {}
    lists = {f"{way.capitalize()} farthest": rows for way, rows in (given.get("moved") or {}).items()}
    lists |= {f"{way.capitalize()} most often": rows for way, rows in often.items()}
    return {
        title: [
            {**move, **_content(results, move), "query": texts.get(move.get("query_id", ""), "")}
            for move in rows[:MOVED]
        ]
        for title, rows in lists.items()
        if rows
    }


def _content(results: Mapping[str, Any], move: Mapping[str, Any]) -> dict[str, str]:
    content = results["documents"].get(move["document"], {})
    text = content.get("text") or move.get("excerpt") or ""
    return {"title": content.get("title") or move.get("title") or move["document"], "text": text[:_EXCERPT]}


def breakdowns(
    results: Mapping[str, Any],
    candidates: Sequence[str],
    *,
    headline: Sequence[str],
    withheld: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Breakdowns by what they group by: those of the headline measures, then the others.

    Args:
        results: the content of results.json.
        candidates: those that are shown.
        headline: measures whose tables are open.
        withheld: measures that are not printed as results.

    Returns:
        Per grouping its name (`by`), and the tables `first` and `other`, and the `axis` of their charts.
    """
    parts: dict[str, dict[str, Any]] = {}
    for table in results["breakdowns"]:
        if table["candidate"] in candidates and table["measure"] not in withheld and table["groups"]:
            part = parts.setdefault(table["by"], {"by": table["by"], "first": [], "other": []})
            side = part["first" if table["measure"] in headline else "other"]
            side.append(table)
    for part in parts.values():  # one scale, so that the groups of all measures and candidates compare
        part["axis"] = forest_axis(g for table in (*part["first"], *part["other"]) for g in table["groups"])
    return list(parts.values())


def plan_parts(plan: Mapping[str, Any] | None) -> dict[str, Any]:
    """A plan as pairs and as tables: nested keys joined by dots, lists of objects as one table each."""
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, Any]] = {}

    def visit(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                visit(f"{prefix}.{key}" if prefix else str(key), inner)
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            columns = list(dict.fromkeys(key for item in value for key in item))
            tables[prefix] = {"columns": columns, "rows": [dict(item) for item in value]}
        else:
            values[prefix] = value if value is None or isinstance(value, str | bool) else json.dumps(value)

    visit("", plan or {})
    values.pop("", None)
    return {"values": values, "tables": tables}

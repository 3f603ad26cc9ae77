"""Renders an ablation as one page: a single HTML file without scripts that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from norm_aware.ablation.conditioning import NAME, SHRINKAGE, predictions
from norm_aware.ablation.plots import END, HEIGHT, START, difference_axis, trajectories
from norm_aware.ablation.significance import MEANS, NOT_COVERED, NULL_HYPOTHESES
from norm_aware.ablation.tables import (
    KINDS,
    by_set,
    condition_table,
    grids,
    norm_tables,
    outcome,
    scored,
    verdicts,
)
from norm_aware.errors import SettingsError
from norm_aware.numerals import is_known, number, p_value, setting, signed
from norm_aware.page_template import environment

_P_NAMES = {"p": "p", "p_adjusted": "adjusted p", "p_queries": "p of queries", "p_seeds": "p of seeds"}


def render_page(results: Mapping[str, Any]) -> str:
    """The page: a pure function of the results, which it only rearranges.

    Args:
        results: the content of an ablation's results.json.

    Returns:
        One self-contained HTML document, whose content security policy forbids scripts and requests.

    Raises:
        MissingExtraError: when jinja2 is not installed.
    """
    templates = environment(
        Path(__file__).parent,
        'The page needs jinja2, which is not installed; pip install "norm-aware[plots]".',
    )
    templates.filters |= {"number": number, "signed": signed, "p_value": p_value, "setting": setting}
    templates.filters["spread"] = "{:.3f}".format
    templates.tests["known"] = is_known
    page = templates.get_template("page.html.jinja").render(_view(results))
    # a name can hold half a surrogate pair, which no file encoding can
    return page.encode("utf-8", "replace").decode("utf-8")


def write_page(results: Mapping[str, Any], path: str | Path) -> Path:
    """Write the page as an HTML file.

    Args:
        results: the content of an ablation's results.json.
        path: of the file.

    Returns:
        The path.

    Raises:
        MissingExtraError: when jinja2 is not installed.
        SettingsError: when the file cannot be written.
    """
    page, target = render_page(results), Path(path)
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target


def _view(results: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the template uses."""
    of_means, of_sets = grids(results)
    plots, still = trajectories(results["arms"])
    return {
        **{key: results[key] for key in ("base", "pairs", "seeds", "sets", "seconds", "arms")},
        "tables_of": {
            "Options": results["options"],
            "Versions": results["versions"],
            "Hardware": _mapping(results["hardware"]),
        },
        "verdicts": _verdicts(results),
        "grids": of_means,
        "grids_of_sets": of_sets,
        "by_set": by_set(results),
        "norms": norm_tables(results),
        "blocks": _blocks(results),
        "plots": plots,
        "still": still,
        "conditioning": condition_table(results, NAME),
        "predictions": predictions(results),
        "condition_name": NAME,
        "shrinkage": SHRINKAGE,
        "null_hypotheses": {_P_NAMES[key]: said for key, said in NULL_HYPOTHESES.items()},
        "not_covered": NOT_COVERED,
        "means": MEANS,
        "scored": scored,
        "outcome": outcome,
        "height": HEIGHT,
        "start": START,
        "end": END,
    }


def _blocks(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Comparisons of one kind together, and of one scoring; un-normalising first, the others folded."""
    rows = results["comparisons"]
    parts = [
        (kind, title, [row for row in rows if row["kind"] == kind])
        for kind, title in KINDS.items()
        if kind != "scoring"
    ]
    scorings = sorted(dict.fromkeys(results["scorings"]), key=lambda name: name != "dot")
    for scoring in scorings:
        title = f"{scoring} against cosine, of one and the same model"
        if scoring == "dot":
            title = f"Un-normalising at inference: {title}"
        chosen = [row for row in rows if row["kind"] == "scoring" and row["scoring"] == scoring]
        parts.append((scoring, title, chosen))
    return [
        {
            "title": title,
            "folded": name not in {*KINDS, "dot"},
            "means": _by_scope(row for row in chosen if row["level"] == "mean"),
            "sets": [row for row in chosen if row["level"] == "set"],
            "axis": difference_axis(chosen),
        }
        for name, title, chosen in parts
        if chosen
    ]


def _by_scope(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["scope"], []).append(row)
    return found


def _verdicts(results: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(heading, verdicts) of the two kinds that there are verdicts of."""
    every = verdicts(results)
    parts = [
        (KINDS[kind], [v for v in every if v["row"]["kind"] == kind]) for kind in ("cosine", "untouched")
    ]
    return [part for part in parts if part[1]]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"machine": value}

"""Renders an ablation as one page: a single HTML file without scripts that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from norm_aware.ablation.claims import (
    CLAIMED,
    KINDS,
    ONE_TRAINING,
    not_covered,
    null_hypotheses,
    outcome,
    verdicts,
)
from norm_aware.ablation.conditioning import NAME, SHRINKAGE, predictions, said
from norm_aware.ablation.plots import END, HEIGHT, START, difference_axis, trajectories
from norm_aware.ablation.scorings import OWN, UNTOUCHED
from norm_aware.ablation.significance import MEANS
from norm_aware.ablation.tables import (
    by_set,
    chosen_exponents,
    condition_table,
    ended,
    grids,
    norm_tables,
)
from norm_aware.numerals import is_known, number, p_value, setting, signed
from norm_aware.page_template import encodable, environment, write_html

_P_NAMES = {"p": "p", "p_adjusted": "adjusted p", "p_queries": "p of queries", "p_seeds": "p of seeds"}
_CARDS = 6  # verdicts of one kind that are read one by one; more are a table


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
    templates.filters["wrapped"] = _wrapped
    templates.tests["known"] = is_known
    page = templates.get_template("page.html.jinja").render(_view(results))
    return encodable(page)


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
    return write_html(render_page(results), path)


def _view(results: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the template uses."""
    of_means, of_sets = grids(results)
    plots, still = trajectories(results["arms"])
    seeds, found, claims = len(results["seeds"]), predictions(results), _verdicts(results)
    return {
        **{key: results[key] for key in ("base", "pairs", "seeds", "sets", "seconds", "arms")},
        "one_training": "" if seeds > 1 else ONE_TRAINING,
        "tables_of": _settings(results),
        "verdicts": claims,
        "many": any(len(part) > _CARDS for _, part in claims),
        "grids": of_means,
        "grids_of_sets": of_sets,
        "by_set": by_set(results),
        "norms": norm_tables(results),
        "exponents": chosen_exponents(results),
        "blocks": _blocks(results),
        "plots": plots,
        "still": still,
        "conditioning": condition_table(results, NAME),
        "prediction": found,
        "said": said(found) if found else [],
        "condition_name": NAME,
        "shrinkage": SHRINKAGE,
        "null_hypotheses": {_P_NAMES[key]: text for key, text in null_hypotheses(seeds).items()},
        "not_covered": not_covered(seeds),
        "means": MEANS,
        "untouched": UNTOUCHED,
        "own": OWN,
        "outcome": outcome,
        "ended": ended,
        "height": HEIGHT,
        "start": START,
        "end": END,
    }


def _settings(results: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Tables of names and values under their captions; one for each machine and set of versions there was."""
    options = dict(results["options"])
    if "learning_rate" in options and options["learning_rate"] is None:
        options["learning_rate"] = "by the kind of encoder"
    tables: dict[str, Mapping[str, Any]] = {"Options": options}
    for key in ("versions", "hardware"):
        every = results[key]
        for at, one in enumerate(every, start=1):
            tables[f"{key.capitalize()}{f' ({at} of {len(every)})' if len(every) > 1 else ''}"] = one
    return tables


def _wrapped(name: str) -> str:
    """A name that may be broken before each of an arm's options."""
    from markupsafe import Markup, escape

    return Markup("<wbr>+").join(escape(part) for part in name.split("+"))


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
    """(heading, verdicts) of the kinds that there are verdicts of."""
    every = verdicts(results)
    parts = [(KINDS[kind], [v for v in every if v["row"]["kind"] == kind]) for kind in CLAIMED]
    return [part for part in parts if part[1]]

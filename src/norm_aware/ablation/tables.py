"""The tables of an ablation: means over seeds with their spread, by arm, scoring and set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from norm_aware.ablation.scorings import CONTROLS, UNTOUCHED
from norm_aware.ablation.significance import MEANS, mean_sets, means_of
from norm_aware.numerals import is_known, number

NORMS = {
    "cohens_d": "Cohen's d",
    "hubness_d": "d of anti-hubness lengths",
    "document_cv": "CV of documents",
    "query_cv": "CV of queries",
    "length_correlation": "Length correlation",
}
"""What is measured of norms, and what it is called."""

CHOSEN_ON = " (the exponents of anti_hubness and length were chosen on the in-domain sets)"
"""What the title of an in-domain grid adds: there these two scorings look better than they are."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean over seeds.

    Attributes:
        mean: None where nothing was measured.
        spread: standard deviation over seeds; None for fewer than two.
        own: whether it is the arm under its own similarity.
        best: whether no other model's is larger.
    """

    mean: float | None
    spread: float | None = None
    own: bool = False
    best: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under headings.

    Attributes:
        title: what it shows.
        columns: headings of the cells.
        rows: (name, cells).
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def grid(results: Mapping[str, Any], sets: Sequence[str], title: str) -> Table:
    """Every model under every scoring, nDCG@10 averaged over sets: the cross-evaluation.

    The first column is each arm's own similarity, which need not be among the scorings; of the base as it
    was it is cosine. A scoring that ranks as the own similarity does is marked as own, and none where a
    learned anti-hubness norm is part of it. The highest of a column is marked, but not of a control.

    Args:
        results: of an ablation.
        sets: which ones are averaged, at least one.
        title: of the table.
    """
    scorings = results["scorings"]
    before = results["untouched"]
    rows = [(UNTOUCHED, [_cell([_mean(before[s].get(k) for s in sets)]) for k in ("cosine", *scorings)])]
    for arm, about in results["arms"].items():
        runs = list(about["runs"].values())
        cells = [_cell([_mean(run["own"].get(s) for s in sets) for run in runs], own=True)]
        like = None if any(is_known(run.get("gamma")) for run in runs) else _ranks_like(about["similarity"])
        for scoring in scorings:
            means = [_mean(run["grid"][s].get(scoring) for s in sets) for run in runs]
            cells.append(_cell(means, own=scoring == like))
        rows.append((arm, cells))
    best = ("own similarity", *(scoring for scoring in scorings if scoring not in CONTROLS))
    return _table(title, ("own similarity", *scorings), rows, best=best)


def grids(results: Mapping[str, Any]) -> tuple[list[Table], list[Table]]:
    """The cross-evaluation on the means of sets, and on every set."""
    sets = results["sets"]
    of_means = [grid(results, names, MEANS[scope]) for scope, names in means_of(sets).items()]
    inside = [name for name, about in sets.items() if about["domain"] == "in"]
    if inside:
        of_means.append(grid(results, inside, f"in domain: {', '.join(inside)}{CHOSEN_ON}"))
    titles = {name: name + CHOSEN_ON * (name in inside) for name in sets}
    return of_means, [grid(results, [name], titles[name]) for name in sets]


def by_set(results: Mapping[str, Any]) -> Table:
    """A column for every set: every model under its own similarity, the untouched base under cosine."""
    sets = list(results["sets"])
    before = results["untouched"]
    rows = [(UNTOUCHED, [_cell([_mean([before[name].get("cosine")])]) for name in sets])]
    for arm, about in results["arms"].items():
        runs = about["runs"].values()
        rows.append((arm, [_cell([_mean([run["own"].get(name)]) for run in runs]) for name in sets]))
    return _table("by set, each arm under its own similarity", tuple(sets), rows, best=sets)


def chosen_exponents(results: Mapping[str, Any]) -> Table:
    """The exponents of the norms that each model was given, as the in-domain sets chose them."""
    keys = {"gamma": "gamma of anti_hubness", "length_power": "power of length"}
    given = {UNTOUCHED: [results.get("untouched_given") or {}]}
    for arm, about in results["arms"].items():
        given[arm] = [run.get("given") or {} for run in about["runs"].values()]
    rows = [
        (model, [_cell([_mean([of.get(key)]) for of in runs]) for key in keys])
        for model, runs in given.items()
    ]
    return _table("exponents chosen on the in-domain sets", tuple(keys.values()), rows)


def ended(about: Mapping[str, Any]) -> list[str]:
    """The similarities that an arm's runs ended with, each once, with a learned gamma where there is one.

    Args:
        about: an entry of `arms`.
    """
    names = []
    for run in about["runs"].values():
        name = re.sub(r"\d+\.\d+(?:e-?\d+)?", lambda found: f"{float(found[0]):.3g}", run["similarity"])
        gamma = run.get("gamma")
        names.append(f"{name}, gamma {number(gamma)}" if is_known(gamma) else name)
    return list(dict.fromkeys(names))


def norms(results: Mapping[str, Any], sets: Sequence[str], title: str) -> Table:
    """What the norms of each model look like, averaged over sets.

    Args:
        results: of an ablation.
        sets: which ones are averaged; one that lacks a number is left out of its mean.
        title: of the table.
    """

    def cells(runs: Iterable[Mapping[str, Any]]) -> list[Cell]:
        every = list(runs)
        return [_cell([_mean(run.get(s, {}).get(key) for s in sets) for run in every]) for key in NORMS]

    rows = [(UNTOUCHED, cells([results["untouched_norms"]]))]
    rows += [
        (arm, cells(r["norms"] for r in about["runs"].values())) for arm, about in results["arms"].items()
    ]
    return _table(title, tuple(NORMS.values()), rows)


def norm_tables(results: Mapping[str, Any]) -> list[Table]:
    """The norms on the mean of the out-of-domain sets where there are any, then on every set."""
    outside = mean_sets(results["sets"], "out_of_domain")
    first = [norms(results, outside, MEANS["out_of_domain"])] if outside else []
    return [*first, *(norms(results, [name], name) for name in results["sets"])]


def condition_table(results: Mapping[str, Any], title: str) -> Table | None:
    """The condition numbers of each model's sides; None where none was measured.

    Args:
        results: of an ablation.
        title: of the table.
    """
    before = results.get("untouched_conditioning")
    measured = {UNTOUCHED: [before] if before else []}
    for arm, about in results["arms"].items():
        measured[arm] = [run["conditioning"] for run in about["runs"].values() if run.get("conditioning")]
    rows = [
        (model, [_cell([numbers[side] for numbers in runs]) for side in ("query", "document")])
        for model, runs in measured.items()
        if runs
    ]
    return _table(title, ("queries", "documents"), rows) if rows else None


def _ranks_like(similarity: str) -> str:
    """The scoring that ranks as a similarity does: whether the query is normalised changes no ranking."""
    return {"query_normalized": "dot", "document_normalized": "cosine"}.get(similarity, similarity)


def _table(
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, Sequence[Cell]]],
    *,
    best: Sequence[str] = (),
) -> Table:
    def largest(at: int) -> float | None:
        means = [cells[at].mean for _, cells in rows]
        return max((mean for mean in means if mean is not None), default=None)

    tops = [largest(at) if column in best else None for at, column in enumerate(columns)]
    done = tuple(
        (
            name,
            tuple(
                Cell(cell.mean, cell.spread, cell.own, cell.mean is not None and cell.mean == top)
                for cell, top in zip(cells, tops, strict=True)
            ),
        )
        for name, cells in rows
    )
    return Table(title, columns, done)


def _cell(of_seeds: Sequence[float | None], *, own: bool = False) -> Cell:
    known = [value for value in of_seeds if value is not None]
    if not known:
        return Cell(None, own=own)
    return Cell(float(np.mean(known)), float(np.std(known, ddof=1)) if len(known) > 1 else None, own)


def _mean(values: Iterable[Any]) -> float | None:
    known = [float(value) for value in values if is_known(value)]
    return float(np.mean(known)) if known else None

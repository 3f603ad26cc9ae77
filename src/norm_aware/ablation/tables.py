"""The tables of an ablation: means over seeds with their spread, by arm, scoring and set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from norm_aware.ablation.significance import MEANS, OWN, UNTOUCHED, mean_sets
from norm_aware.numerals import SIGNIFICANCE, is_known

NORMS = {
    "cohens_d": "Cohen's d",
    "document_cv": "CV of documents",
    "query_cv": "CV of queries",
    "length_correlation": "Length correlation",
}
"""What is measured of norms, and what it is called."""

KINDS = {
    "cosine": "Against the arm trained by cosine",
    "untouched": "Against the untouched base",
    "post_hoc": "Against the cosine arm with the anti-hubness norm given afterwards",
    "scoring": "The same model, scored another way",
}
"""Headings of the kinds of comparison, in order."""


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
        of: what a row is, `arm` or `set`.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    of: str = "arm"


def grid(results: Mapping[str, Any], sets: Sequence[str], title: str) -> Table:
    """Every model under every scoring, nDCG@10 averaged over sets: the cross-evaluation.

    The first column is each arm's own similarity, which need not be among the scorings; of the base as it
    was it is cosine. A scoring that ranks as the own similarity does is marked as own.

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
        for scoring in scorings:
            means = [_mean(run["grid"][s].get(scoring) for s in sets) for run in runs]
            cells.append(_cell(means, own=scoring == _ranks_like(about["similarity"])))
        rows.append((arm, cells))
    return _table(title, ("own similarity", *scorings), rows, best=True)


def grids(results: Mapping[str, Any]) -> tuple[list[Table], list[Table]]:
    """The cross-evaluation on the means of sets, and on every set."""
    sets = results["sets"]
    means = [(mean_sets(sets, scope), title) for scope, title in MEANS.items()]
    inside = [name for name, about in sets.items() if about["domain"] == "in"]
    means.append((inside, f"in domain: {', '.join(inside)}"))
    of_means = [grid(results, names, title) for names, title in means if names]
    return of_means, [grid(results, [name], name) for name in sets]


def by_set(results: Mapping[str, Any]) -> Table:
    """A row for every set: every model under its own similarity, the untouched base under cosine."""
    sets = list(results["sets"])
    before = results["untouched"]
    rows = [(UNTOUCHED, [_cell([_mean([before[name].get("cosine")])]) for name in sets])]
    for arm, about in results["arms"].items():
        runs = about["runs"].values()
        rows.append((arm, [_cell([_mean([run["own"].get(name)]) for run in runs]) for name in sets]))
    table = _table("by set, each arm under its own similarity", tuple(sets), rows, best=True)
    cells = zip(*(of_arm for _, of_arm in table.rows), strict=True)
    turned = tuple(zip(sets, cells, strict=True))
    return Table(table.title, tuple(arm for arm, _ in table.rows), turned, "set")


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


def outcome(row: Mapping[str, Any]) -> str:
    """`better`, `worse`, or `not shown`: the interval leaves 0 out and the adjusted p is below .05.

    Args:
        row: of the comparisons.
    """
    if row["low"] <= 0 <= row["high"] or row["p_adjusted"] >= SIGNIFICANCE:
        return "not shown"
    return "better" if row["difference"] > 0 else "worse"


def verdicts(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For every arm against the arm trained by cosine, and against the base: how the evidence falls.

    Returns:
        Each with `row` (the comparison on the mean over the out-of-domain sets), `outcome`, and of the
        single out-of-domain sets `better`, `worse` and `sets`.
    """
    outside = set(mean_sets(results["sets"], "out_of_domain"))
    found = []
    for row in results["comparisons"]:
        if (
            row["scope"] == "out_of_domain"
            and row["level"] == "mean"
            and row["kind"] in {"cosine", "untouched"}
        ):
            singles = [
                outcome(other)
                for other in results["comparisons"]
                if other["level"] == "set"
                and other["scope"] in outside
                and (other["kind"], other["arm"]) == (row["kind"], row["arm"])
            ]
            counts = {name: singles.count(name) for name in ("better", "worse")}
            found.append({"row": row, "outcome": outcome(row), **counts, "sets": len(singles)})
    return found


def scored(row: Mapping[str, Any], side: str = "arm") -> str:
    """A side of a comparison in words: a model, and what it was scored by unless by its own similarity.

    Args:
        row: of the comparisons.
        side: `arm` or `reference`.
    """
    model, scoring = row[side], row["scoring" if side == "arm" else "reference_scoring"]
    if scoring == OWN:
        return str(model)
    return "the untouched base" if (model, scoring) == (UNTOUCHED, "cosine") else f"{model} by {scoring}"


def _ranks_like(similarity: str) -> str:
    """The scoring that ranks as a similarity does: whether the query is normalised changes no ranking."""
    return {"query_normalized": "dot", "document_normalized": "cosine"}.get(similarity, similarity)


def _table(
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, Sequence[Cell]]],
    *,
    best: bool = False,
) -> Table:
    def largest(at: int) -> float | None:
        means = [cells[at].mean for _, cells in rows]
        return max((mean for mean in means if mean is not None), default=None)

    tops = [largest(at) if best else None for at in range(len(columns))]
    done = tuple(
        (
            name,
            tuple(
                Cell(cell.mean, cell.spread, cell.own, best and cell.mean is not None and cell.mean == top)
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

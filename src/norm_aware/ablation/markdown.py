"""An ablation's main tables as Markdown, for docs and a log, and what it comes to in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.ablation.claims import CLAIMED, KINDS, ONE_TRAINING, outcome, verdicts
from norm_aware.ablation.conditioning import NAME, predictions, said
from norm_aware.ablation.significance import MEANS, means_of
from norm_aware.ablation.tables import (
    Cell,
    Table,
    by_set,
    chosen_exponents,
    condition_table,
    grid,
    grids,
    norm_tables,
)
from norm_aware.numerals import is_known, number, p_value, signed

_NONE = "\N{EN DASH}"
_SIGNS = {"better": "▲ better", "worse": "▼ worse", "not shown": "not shown"}


def markdown(results: Mapping[str, Any]) -> str:
    """The verdicts, the cross-evaluation, the arms by set, comparisons on means, norms, condition numbers.

    Args:
        results: the content of an ablation's results.json.

    Returns:
        Markdown that ends in a line feed: what was trained and the verdicts, then a table under each heading.
    """
    of_means, _ = grids(results)
    lines = [*_head(results), *_verdicts(results)]
    for table in [*of_means, by_set(results), chosen_exponents(results)]:
        lines += _table(table)
    lines += _comparisons(results)
    for table in norm_tables(results)[:1]:
        lines += _table(table, of="norms: ")
    if conditioning := condition_table(results, NAME):
        lines += _table(conditioning)
    if found := predictions(results):
        lines += [f"- {sentence}" for sentence in said(found)]
    return "\n".join(lines).rstrip() + "\n"


def summary(results: Mapping[str, Any]) -> str:
    """What it comes to, for a terminal: the verdicts, and every arm under every scoring out of domain.

    Args:
        results: the content of an ablation's results.json.
    """
    lines = [*_head(results), *_verdicts(results)]
    for scope, names in [*means_of(results["sets"]).items()][:1]:
        lines += _table(grid(results, names, MEANS[scope]))
    return "\n".join(lines).rstrip() + "\n"


def _head(results: Mapping[str, Any]) -> list[str]:
    several = len(results["seeds"]) > 1
    seeds = ", ".join(str(seed) for seed in results["seeds"])
    over = "mean over seeds ± standard deviation" if several else ONE_TRAINING
    about = f"{_text(results['base'])}, {results['pairs']:,} pairs, {'seeds' if several else 'seed'} {seeds}"
    return [f"{about}, {results['seconds']:,.0f} s. nDCG@10, {over}.", ""]


def _verdicts(results: Mapping[str, Any]) -> list[str]:
    lines = []
    every = verdicts(results)
    for kind in CLAIMED:
        found = [f"- {_text(v['claim'])}: {v['figures']}." for v in every if v["row"]["kind"] == kind]
        lines += [f"{KINDS[kind]}, on the {MEANS['out_of_domain']}:", "", *found, ""] if found else []
    return lines


def _table(table: Table, *, of: str = "") -> list[str]:
    rows = [[name, *(_cell(cell) for cell in cells)] for name, cells in table.rows]
    return [f"### {_text(of + table.title)}", "", *_rows(["arm", *table.columns], rows), ""]


def _comparisons(results: Mapping[str, Any]) -> list[str]:
    lines = []
    for kind, title in KINDS.items():
        rows = [
            [
                row["arm"],
                *([row["scoring"]] if kind == "scoring" else []),
                MEANS[row["scope"]],
                signed(row["difference"]),
                f"{signed(row['low'])} to {signed(row['high'])}",
                _SIGNS[outcome(row)],
                *(p_value(row[p]) if is_known(row[p]) else _NONE for p in ("p", "p_adjusted", "p_seeds")),
            ]
            for row in results["comparisons"]
            if row["kind"] == kind and row["level"] == "mean"
        ]
        if rows:
            heads = ["arm", *(["scored by"] if kind == "scoring" else []), "on", "difference", "95% interval"]
            heads += ["shown", "p", "adjusted p", "p of seeds"]
            lines += [f"### {title}", "", *_rows(heads, rows, words=3 if kind == "scoring" else 2), ""]
    return lines


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> list[str]:
    rule = ["---" if at < words else "---:" for at in range(len(heads))]
    return ["| " + " | ".join(map(_text, row)) + " |" for row in (heads, rule, *rows)]


def _cell(cell: Cell) -> str:
    if cell.mean is None:
        return _NONE
    text = number(cell.mean) if cell.spread is None else f"{number(cell.mean)} ± {cell.spread:.3f}"
    return f"**{text}**" if cell.best else text


def _text(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")

"""An ablation's main tables as Markdown, for docs and a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.ablation.conditioning import predictions
from norm_aware.ablation.significance import MEANS
from norm_aware.ablation.tables import (
    KINDS,
    Cell,
    Table,
    by_set,
    condition_table,
    grids,
    norm_tables,
    outcome,
)
from norm_aware.numerals import is_known, number, p_value, signed

_NONE = "\N{EN DASH}"
_SIGNS = {"better": "▲ better", "worse": "▼ worse", "not shown": "not shown"}


def markdown(results: Mapping[str, Any]) -> str:
    """The cross-evaluation, the arms by set, the comparisons on the means, norms and condition numbers.

    Args:
        results: the content of an ablation's results.json.

    Returns:
        Markdown that ends in a line feed: a line on what was trained, then a table under each heading.
    """
    of_means, _ = grids(results)
    seeds = ", ".join(str(seed) for seed in results["seeds"])
    lines = [
        f"{_text(results['base'])}, {results['pairs']:,} pairs, seeds {seeds}, {results['seconds']:,.0f} s. "
        "nDCG@10, mean over seeds ± standard deviation.",
        "",
    ]
    for table in [*of_means, by_set(results)]:
        lines += _table(table)
    lines += _comparisons(results)
    for table in norm_tables(results)[:1]:
        lines += _table(table, of="norms: ")
    if conditioning := condition_table(results, "gradient covariance condition number"):
        lines += _table(conditioning)
        lines += [_prediction(found) for found in predictions(results)]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table, *, of: str = "") -> list[str]:
    rows = [[name, *(_cell(cell) for cell in cells)] for name, cells in table.rows]
    return [f"### {_text(of + table.title)}", "", *_rows([table.of, *table.columns], rows), ""]


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


def _prediction(found: Mapping[str, Any]) -> str:
    decided = [row["matches"] for row in found["sets"].values() if row["matches"] is not None]
    model = "the untouched base" if found["measured_on"] == "untouched" else "the cosine arm"
    return (
        f"- On {model}: queries {number(found['query'])}, documents {number(found['document'])}; the side "
        f"with the larger number names {found['predicted']}, the better one on {sum(decided)} of "
        f"{len(decided)} sets."
    )


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

"""Verdict and tables as Markdown, for a pull request or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from norm_aware.benchmark.report.view import view
from norm_aware.benchmark.report.wording import equivalence_p, interval_method
from norm_aware.numerals import is_known, number, p_value, signed

_NONE = "\N{EN DASH}"
_STRENGTH = {
    "superiority": "Superiority (95% interval)",
    "minimum_detectable": "Detectable",
    "needed": "Needed",
    "worst_case": "Worst case (95% interval, p)",
    "equivalence": "Equivalence",
    "interval": "Interval by",
}
"""Columns that say how strong the evidence is, beside the effect size."""

_SIGNS = {"better": "▲ better", "worse": "▼ worse"}


def as_markdown(results: Mapping[str, Any]) -> str:
    """The verdict, the means, every comparison and its strength, the judge's trust, costs and failures.

    Args:
        results: the content of a results.json that keeps its schema.
    """
    shown = view(results)
    baseline, candidates, hidden = shown["baseline"], shown["candidates"], shown["withheld"]
    dataset = results["dataset"]
    lines = [
        f"## {_cell(results['name'])}",
        "",
        f"{_cell(dataset['name'])}: {dataset['documents']:,} documents, {dataset['queries']:,} questions. "
        f"Baseline: {_cell(baseline)}. {shown['created']}.",
        "",
    ]
    if not candidates:
        lines += [f"Only {_cell(baseline)} was measured, so there is nothing to compare it with.", ""]
    for candidate in candidates:
        for verdict in shown["verdicts"][candidate]:
            lines.append(f"- **{_cell(verdict.claim)}**: {_cell(verdict.evidence)}.")
        lines += [f"- {_cell(sentence)}." for sentence in shown["equivalences"][candidate]]
    lines += ["", "### Means", ""]
    lines += _table(
        ["Measure", *shown["order"]],
        [
            [
                name,
                *(_mean(results["systems"][system].get(name), name in hidden) for system in shown["order"]),
            ]
            for _, _, names in shown["groups"]
            for name in names
        ],
        figures=len(shown["order"]),
    )
    for candidate in candidates:
        lines += ["", f"### {_cell(candidate)} minus {_cell(baseline)}", ""]
        lines += _table(
            ["Measure", "Outcome", "Difference", "95% interval", "p (raw)", "p (adjusted)", "n"],
            [
                _comparison(shown, candidate, name)
                for _, _, names in shown["groups"]
                for name in names
                if (candidate, name) in shown["comparisons"]
            ],
            figures=5,
        )
        lines += _strength(shown, candidate)
    lines += _judge(results, hidden)
    lines += _costs(results)
    if results["failures"]:
        lines += ["", f"{len(results['failures'])} failures left scores missing:", ""]
        lines += [
            f"- {group['count']} times {_cell(group['system'])}, {_cell(group['measure'])}: "
            f"{_cell(group['reason'][:200])}"
            for group in shown["failure_groups"][:10]
        ]
    return "\n".join(lines) + "\n"


def _comparison(shown: Mapping[str, Any], candidate: str, measure: str) -> list[str]:
    if measure in shown["withheld"]:
        return [measure, "withheld", "", "", "", "", ""]
    row, outcome = (shown[key][candidate, measure] for key in ("comparisons", "outcomes"))
    return [
        measure,
        _SIGNS.get(outcome, outcome),
        _known(row["difference"], signed),
        _interval(row, signed),
        _known(row["p"], p_value),
        _known(row["p_adjusted"], p_value),
        str(row["n"]),
    ]


def _strength(shown: Mapping[str, Any], candidate: str) -> list[str]:
    """What was computed beside the differences, a column for each figure that any comparison has."""
    kept = {key: title for key, title in _STRENGTH.items() if key in shown["strength"]}
    rows = [
        [name, *(_EVIDENCE[key](shown["comparisons"][candidate, name]) for key in ("effect_size", *kept))]
        for _, _, names in shown["groups"]
        for name in names
        if (candidate, name) in shown["outcomes"]
    ]
    heading = ["Measure", "Effect size (d_z)", *kept.values()]
    return ["", *_table(heading, rows, figures=len(heading) - 1)] if rows else []


def _superiority(row: Mapping[str, Any]) -> str:
    ends = {"low": row.get("superiority_low"), "high": row.get("superiority_high")}
    return f"{_known(row.get('superiority'), number)} ({_interval(ends, number)})"


def _worst(row: Mapping[str, Any]) -> str:
    if not (worst := row.get("worst_case")):
        return _NONE
    details = f"{_interval(worst, signed)}, p {_known(worst['p'], p_value)}"
    return f"{_known(worst['difference'], signed)} ({details})"


def _equivalence(row: Mapping[str, Any]) -> str:
    if not (found := row.get("equivalence")):
        return _NONE
    outcome, p = str(found["outcome"]).replace("_", " "), equivalence_p(found)
    return f"{outcome} ({p})" if p else outcome


_EVIDENCE: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "effect_size": lambda row: _known(row["effect_size"], signed),
    "superiority": _superiority,
    "minimum_detectable": lambda row: _known(row.get("minimum_detectable"), number),
    "needed": lambda row: _known(row.get("needed"), "{:,.0f}".format),
    "worst_case": _worst,
    "equivalence": _equivalence,
    "interval": lambda row: interval_method(row) or _NONE,
}


def _known(value: float | None, shown: Callable[[float], str]) -> str:
    return shown(value) if value is not None and is_known(value) else _NONE


def _interval(row: Mapping[str, Any], shown: Callable[[float], str]) -> str:
    ends = [_known(row[key], shown) for key in ("low", "high")]
    return _NONE if _NONE in ends else " to ".join(ends)


def _judge(results: Mapping[str, Any], hidden: Mapping[str, str]) -> list[str]:
    judge = results["judge"]
    check = judge["check"] if judge else None
    lines = []
    if judge:
        tested = f"tested on {check['items']} items" if check else "not tested"
        lines += ["", f"Judge: {_cell(judge['model'] or 'unnamed')}, {tested}."]
    if hidden:
        lines += ["", "Withheld, because the judge was not shown to be better than chance:", ""]
        lines += [f"- {_cell(measure)}: {_cell(why)}" for measure, why in hidden.items()]
    return lines


def _costs(results: Mapping[str, Any]) -> list[str]:
    counts = ("calls", "prompt_tokens", "completion_tokens")
    rows = [
        [
            name,
            *(_NONE if spent[key] is None else f"{spent[key]:,.0f}" for key in counts),
            _NONE if spent["cost"] is None else number(spent["cost"]),
            _NONE if spent["seconds"] is None else f"{spent['seconds']:,.1f}",
        ]
        for name, spent in results["costs"].items()
    ]
    heading = ["On", "Calls", "Tokens sent", "Tokens written", "Cost", "Seconds"]
    return ["", "### Cost and time", "", *_table(heading, rows, figures=5)] if rows else []


def _mean(value: float | None, is_withheld: bool) -> str:
    return "withheld" if is_withheld else _known(value, number)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]], *, figures: int) -> list[str]:
    """A table whose last `figures` columns are set to the right."""
    rules = ["---"] * (len(heading) - figures) + ["---:"] * figures
    return [f"| {' | '.join(map(_cell, row))} |" for row in (heading, rules, *rows)]


def _cell(text: str) -> str:
    """A text that stays on its line and in its cell, and that no reader takes for markup."""
    text = " ".join(str(text).split())
    for character in "\\`*{}[]<>|#":
        if character in text:
            text = text.replace(character, f"\\{character}")
    return text

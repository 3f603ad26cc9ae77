"""Commands on the results of finished runs: compare, gate."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from norm_aware.cli.app import app
from norm_aware.console import print_comparison


@app.command()
def compare(
    before: Annotated[
        Path, typer.Argument(help="results.json of the first run, or its folder: the baselines.")
    ],
    after: Annotated[Path, typer.Argument(help="results.json of the second run, or its folder.")],
    system: Annotated[
        str | None, typer.Option(help="Which system of the second run; all of the same name if not given.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Which system of the first run; the same name if not given.")
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="Which measure; may be given again. All that both have if not.")
    ] = None,
    margin: Annotated[float, typer.Option(help="The largest difference that does not matter.")] = 0.01,
    correction: Annotated[str, typer.Option(help="Of the p values: holm or fdr.")] = "holm",
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File to write the comparison to, as JSON.")] = None,
) -> None:
    """Compare two runs question by question; refuses runs of different questions, datasets or judges."""
    from norm_aware.benchmark.comparison.across import compare_runs
    from norm_aware.benchmark.comparison.options import ComparisonOptions
    from norm_aware.benchmark.report.schema import read_results
    from norm_aware.whole_file import write_whole

    options = ComparisonOptions(margin=margin, correction=correction, seed=seed)  # type: ignore[arg-type]
    found = compare_runs(
        read_results(before),
        read_results(after),
        system=system,
        baseline=baseline,
        measures=measure or (),
        options=options,
    )
    if out is not None:
        write_whole(out, json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False))
    for labels in dict.fromkeys((row["baseline"], row["candidate"]) for row in found["comparisons"]):
        systems = {label: found["systems"][label] for label in labels}
        print_comparison({**found, "baseline": labels[0], "systems": systems, "failures": []})
    for name, why in found["left_out"].items():
        print(f"{name} is left out: {why}")
    for key, (first, second) in found["changed"].items():
        print(f"{key}: {_short(first)} before, {_short(second)} after")
    if out is not None:
        print(out)


@app.command()
def gate(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder it lies in.")],
    gates: Annotated[
        list[str], typer.Option("--gate", help="Such as 'nDCG@10 >= baseline - 0.01'; may be given again.")
    ],
) -> None:
    """Decide gates on the bounds of 95% intervals; exit code 3 where one is not passed."""
    from norm_aware.benchmark.report.schema import read_results

    end_by_gates(read_results(results), gates)


def end_by_gates(results: Mapping[str, Any], gates: Sequence[str]) -> NoReturn:
    """Print what became of each gate, and end with the exit code they leave."""
    from norm_aware.benchmark.comparison.gate import check_gates, exit_code

    found = check_gates(results, gates)
    for result in found:
        print(result.line)
    sys.exit(exit_code(found))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"

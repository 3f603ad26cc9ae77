"""The command that finds out whether a language model can judge: judge-check."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from norm_aware.cli.app import app
from norm_aware.console import as_title, progress_bars
from norm_aware.errors import SettingsError
from norm_aware.resources import open_settings

_WIDTH = 110


@app.command(name="judge-check")
def judge_check(
    judge: Annotated[str | None, typer.Option(help="'smollm2', a .gguf file, or a model's name.")] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    repeats: Annotated[
        int | None, typer.Option(min=0, help="How often a part of the items is asked again; 3 if not given.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the check goes.")] = Path("judge-check.json"),
    timeout: Annotated[float | None, typer.Option(help="Seconds one verdict may take.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the sampling.")] = None,
) -> None:
    """Ask a model for verdicts whose right outcome is known: may it judge, and which metrics?

    A check that was stopped goes on where it was. It is kept, and benchmarks with this judge find it.
    """
    settings = open_settings(judge=judge, judge_base_url=judge_base_url, timeout=timeout, seed=seed)
    if not settings.judge:
        raise SettingsError("No judge is named; give --judge, or set judge in norm-aware.toml.")
    from norm_aware.benchmark.judging.asking import VERDICT_TOKENS  # seconds of imports, once there is work
    from norm_aware.benchmark.judging.check import REPEATS
    from norm_aware.benchmark.judging.kept import as_json, check_judge
    from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
    from norm_aware.whole_file import write_whole

    spec = ModelSpec(settings.judge, settings.judge_base_url, settings.judge_api_key)
    opened = open_config(
        spec, max_tokens=VERDICT_TOKENS, timeout=settings.timeout, seed=settings.seed, reuse_prompts=True
    )
    with opened as config, progress_bars() as progress:
        check = check_judge(config, repeats=REPEATS if repeats is None else repeats, progress=progress)
    write_whole(out, as_json(check))
    print_check(check)
    print(out)


def print_check(check: Mapping[str, Any]) -> None:
    """A judge check as tables of tasks and of metrics, then its findings as sentences."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    title = as_title(f"{check['model']}: verdicts on {check['items']} items")
    tasks = Table(title=title, title_justify="left")
    tasks.add_column("task")
    for heading in ("n", "right [95%]", "balanced [95%]", "kappa", "says yes", "both of a pair", "p"):
        tasks.add_column(heading, justify="right")
    for name, task in check["tasks"].items():
        tasks.add_row(
            Text(name),
            str(task["n"]),
            _interval(task["agreement"], task["low"], task["high"]),
            _interval(task["balanced_accuracy"], task["balanced_low"], task["balanced_high"]),
            _number(task["kappa"]),
            _number(task["yes_rate"]),
            _number(task["pair_accuracy"]),
            f"{task['p']:.4f}",
        )
    console.print(tasks)
    metrics = Table(title="May it judge", title_justify="left")
    for heading in ("metric", "informative", "rests on"):
        metrics.add_column(heading)
    for name, metric in check["metrics"].items():
        tasks_of = Text(", ".join(metric["tasks"]))
        metrics.add_row(Text(name), "yes" if metric["informative"] else "no", tasks_of)
    console.print(metrics)
    for sentence in check["findings"]:
        console.print(Text(sentence))


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"

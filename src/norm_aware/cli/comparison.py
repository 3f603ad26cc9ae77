"""Commands that compare similarities end to end: benchmark, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import CalibrationFile, Encoder, app
from norm_aware.cli.compare import end_by_gates
from norm_aware.cli.planning import DATASET, SYSTEMS, keys_of, plan_of_file, plan_of_options
from norm_aware.console import print_comparison, progress_bars
from norm_aware.resources import open_settings


@app.command()
def benchmark(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan in YAML or TOML; without it, the options are the plan.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="'pydocs', a folder in BEIR's layout, a .csv or .jsonl file, ir_datasets:NAME or hf:NAME.",
            show_default=DATASET,
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            help="What a file's questions are asked of: a BEIR folder, .jsonl, or a folder of texts."
        ),
    ] = None,
    systems: Annotated[
        str | None,
        typer.Option(
            help="Similarities, stock, bm25, hybrid, calibrated or package.module:factory, by commas; the "
            "first is the baseline.",
            show_default=SYSTEMS,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; results/<dataset> if not given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="How many queries to ask, a seeded sample.")] = None,
    answer_limit: Annotated[int | None, typer.Option(help="How many of these are answered too.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Which qrels or split of the dataset to read.", show_default="test")
    ] = None,
    llm: Annotated[str | None, typer.Option(help="'smollm2', a .gguf file, or a model's name.")] = None,
    llm_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="Model that judges the answers, for RAGAS's metrics.")
    ] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    judge_check: Annotated[
        str | None, typer.Option(help="Whether it may judge: 'auto' finds out, 'none', or a check's file.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(help="Such as 'nDCG@10 >= baseline - 0.01'; exit code 3 where it is not passed."),
    ] = None,
    attribution: Annotated[
        bool | None,
        typer.Option("--attribution", help="Run what lies between baseline and candidates too."),
    ] = None,
    allow_same_judge: Annotated[
        bool | None, typer.Option("--allow-same-judge", help="Let a model judge its own answers.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="What is measured, by commas; 'default' stands for the usual.", show_default="default"
        ),
    ] = None,
    answers: Annotated[
        bool | None, typer.Option(help="Have a language model answer the questions.", show_default="answers")
    ] = None,
    context_k: Annotated[int | None, typer.Option(help="Documents an answer is written from.")] = None,
    calibration: CalibrationFile = None,
    seed: Annotated[int | None, typer.Option(help="Of the sample and the resampling.")] = None,
    encoder: Encoder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and what it will take at most, and stop.")
    ] = False,
) -> None:
    """Compare similarities end to end: retrieval, answers, RAGAS, paired with intervals, as a report.

    The plan is shown with what it will take before anything is spent. A run that was stopped goes on where it
    was; nothing is paid for twice, and a plan that was changed costs what was changed.
    """
    given = {
        "dataset": dataset,
        "systems": systems,
        "out": out,
        "limit": limit,
        "answer_limit": answer_limit,
        "split": split,
        "corpus": corpus,
        "allow_same_judge": allow_same_judge,
        "answers": answers,
        "gate": gate or None,
        "attribution": attribution,
        "metrics": [name.strip() for name in metrics.split(",")] if metrics else None,
    }
    options = {
        "llm": llm,
        "llm_base_url": llm_base_url,
        "judge": judge,
        "judge_base_url": judge_base_url,
        "judge_check": judge_check,
        "context_k": context_k,
        "calibration": calibration,
        "seed": seed,
        "encoder": encoder,
    }
    if plan is None:
        settings = open_settings(**options)
        chosen = plan_of_options(settings, given)
        keys = keys_of(settings, chosen)
    else:
        chosen = plan_of_file(plan, {**given, **options})
        settings, keys = open_settings(), {}
    from norm_aware.benchmark.datasets.load import load_dataset
    from norm_aware.benchmark.plan.describe import describe
    from norm_aware.benchmark.plan.estimate import estimate
    from norm_aware.benchmark.plan.run_plan import plan_encoder, plan_folder, run_plan, scored_systems

    loaded = load_dataset(chosen.dataset, split=chosen.split, corpus=chosen.corpus)
    folder = plan_folder(chosen, loaded)
    print(describe(chosen, estimate(chosen, loaded, scored_systems(chosen)), folder), flush=True)
    if dry_run:
        return
    under_test = plan_encoder(chosen, batch_size=settings.batch_size, device=settings.device)
    with progress_bars() as bar:
        results = run_plan(chosen, dataset=loaded, encoder=under_test, keys=keys, progress=bar)
    print_comparison(results)
    print(f"{folder / 'results.json'}\n{folder / 'report.html'}")
    if chosen.gate:
        end_by_gates(results, chosen.gate)


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder it lies in.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write; report.<format> beside it if not given, '-' for the terminal."),
    ] = None,
    format: Annotated[  # noqa: A002
        str, typer.Option(help="html, markdown, csv (one row per system, question, measure) or json.")
    ] = "html",
) -> None:
    """Render results.json: one HTML file that needs no network, Markdown, CSV, or the checked JSON."""
    from norm_aware.benchmark.report.exports import export, write_export

    path = results / "results.json" if results.is_dir() else results
    if out == Path("-"):
        print(export(path, format=format), end="")
    else:
        print(write_export(path, out, format=format))

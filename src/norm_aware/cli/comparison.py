"""Commands that compare similarities end to end: benchmark, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from norm_aware.cli.app import CalibrationFile, Encoder, app
from norm_aware.console import print_comparison, progress_bars
from norm_aware.resources import open_encoder, open_settings


@app.command()
def benchmark(
    dataset: Annotated[
        str,
        typer.Option(
            help="'pydocs', a folder in BEIR's layout, a .csv or .jsonl file, ir_datasets:NAME or hf:NAME."
        ),
    ] = "pydocs",
    corpus: Annotated[
        str | None,
        typer.Option(help="What a file's questions are asked of: documents as `index` takes."),
    ] = None,
    systems: Annotated[
        str,
        typer.Option(help="Similarities to compare, or 'calibrated', by commas; the first is the baseline."),
    ] = "cosine,document_power=0.5,dot",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; results/<dataset> if not given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="How many queries to ask, a seeded sample.")] = None,
    answer_limit: Annotated[int | None, typer.Option(help="How many of these are answered too.")] = None,
    split: Annotated[str, typer.Option(help="Which qrels or split of the dataset to read.")] = "test",
    llm: Annotated[str | None, typer.Option(help="'smollm2', a .gguf file, or a model's name.")] = None,
    llm_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="Model that judges the answers, for RAGAS's metrics.")
    ] = None,
    judge_base_url: Annotated[str | None, typer.Option(help="Its OpenAI-compatible endpoint.")] = None,
    answers: Annotated[bool, typer.Option(help="Have a language model answer the questions.")] = True,
    context_k: Annotated[int | None, typer.Option(help="Documents an answer is written from.")] = None,
    calibration: CalibrationFile = None,
    seed: Annotated[int | None, typer.Option(help="Of the sample and the resampling.")] = None,
    encoder: Encoder = None,
) -> None:
    """Compare similarities end to end: retrieval, answers, RAGAS, paired with intervals, as a report.

    A run that was stopped goes on where it was; nothing is paid for twice.
    """
    settings = open_settings(
        llm=llm,
        llm_base_url=llm_base_url,
        judge=judge,
        judge_base_url=judge_base_url,
        context_k=context_k,
        seed=seed,
        calibration=calibration,
        encoder=encoder,
    )
    from norm_aware.benchmark.datasets.load import load_dataset

    loaded = load_dataset(dataset, split=split, corpus=corpus)
    from norm_aware.benchmark.models import ModelSpec, open_models  # seconds of imports, once there is work
    from norm_aware.benchmark.run import run_benchmark
    from norm_aware.benchmark.systems.system import parse_systems

    opened_calibration = None
    if settings.calibration is not None:
        from norm_aware.calibration.calibration import Calibration

        opened_calibration = Calibration.load(settings.calibration)
    chosen = parse_systems(systems.split(","), calibration=opened_calibration)
    out = out or Path("results") / loaded.name
    answerer = ModelSpec(settings.llm, settings.llm_base_url, settings.llm_api_key) if answers else None
    judging = (
        ModelSpec(settings.judge, settings.judge_base_url, settings.judge_api_key) if settings.judge else None
    )
    opened = open_models(
        open_encoder(settings),
        llm=answerer,
        judge=judging,
        answer_tokens=settings.answer_tokens,
        context_budget=settings.context_budget,
        timeout=settings.timeout,
        seed=settings.seed,
    )
    with opened as (models, notes), progress_bars() as bar:
        results = run_benchmark(
            loaded,
            chosen,
            out,
            models=models,
            limit=limit,
            answer_limit=answer_limit,
            context_k=settings.context_k,
            seed=settings.seed,
            allow_normalized=settings.allow_normalized,
            notes=notes,
            progress=bar,
        )
    print_comparison(results)
    print(f"{out / 'results.json'}\n{out / 'report.html'}")


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder it lies in.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write; report.html beside it if not given.")
    ] = None,
) -> None:
    """Render results.json as one HTML file that needs no network."""
    from norm_aware.benchmark.report.render import write_report

    print(write_report(results / "results.json" if results.is_dir() else results, out))

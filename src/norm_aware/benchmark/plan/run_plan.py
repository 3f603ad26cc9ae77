"""Runs a plan: opens what it names and hands it to the benchmark."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from norm_aware.benchmark.attribution.ladder import intermediate
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.benchmark.judging.kept import check_for
from norm_aware.benchmark.judging.trust import judge_fingerprint
from norm_aware.benchmark.llms.usage import Price
from norm_aware.benchmark.models import Models, ModelSpec, open_models
from norm_aware.benchmark.plan.entries import LLMEntry
from norm_aware.benchmark.plan.estimate import judged_metrics, metrics_of
from norm_aware.benchmark.plan.plan import Plan
from norm_aware.benchmark.reporting import Reporting
from norm_aware.benchmark.run import run_benchmark
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.benchmark.systems.system import System
from norm_aware.encoder import encoder_source, load_encoder
from norm_aware.errors import PlanError
from norm_aware.progress import Progress, silent

if TYPE_CHECKING:
    from norm_aware.llamaindex.embedding import RawEmbedding


def run_plan(
    plan: Plan,
    *,
    dataset: Dataset | None = None,
    encoder: Encoder | None = None,
    keys: Mapping[str, SecretStr] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Do what a plan says; started again, it goes on where it stopped, and pays for what is new.

    Args:
        plan: the plan.
        dataset: the one it names, where it is loaded already.
        encoder: the one it names, where more is to be said of how it runs.
        keys: API keys by the names of its models, before those of the variables that it names.
        progress: told how far each step is.

    Returns:
        The content of results.json.

    Raises:
        PlanError: when a variable that should hold a key is not set.
        NormAwareError: for what the steps refuse.

    Example:
        >>> results = run_plan(read_plan("plan.yaml"))  # doctest: +SKIP
    """
    asked = load_dataset(plan.dataset, split=plan.split, corpus=plan.corpus) if dataset is None else dataset
    systems = plan.build_systems()
    answering = list(dict.fromkeys(plan.answerers.values()))
    specs = {
        name: _spec(name, plan.llms[name], (keys or {}).get(name))
        for name in [*answering, *([plan.judge.model] if plan.judge else [])]
    }
    opened = open_models(
        plan_encoder(plan) if encoder is None else encoder,
        llm=None,
        llms={name: specs[name] for name in answering},
        judge=specs[plan.judge.model] if plan.judge else None,
        same_judge=plan.allow_same_judge,
        metrics=metrics_of(plan, asked),
        judge_repeats=plan.judge.repeats if plan.judge else 1,
        judge_reasons=plan.judge.reasons if plan.judge else True,
        answer_tokens=plan.answer_tokens,
        context_budget=plan.context_budget,
        timeout=plan.timeout,
        seed=plan.seed,
    )
    with opened as (models, notes):
        reporting = Reporting(
            comparing=ComparisonOptions(plan.compare.margin, plan.compare.correction, seed=plan.seed),
            clustered=plan.compare.cluster,
            attribution=plan.attribution,
            judge=_judge(plan, asked, models, progress),
            judge_limit=plan.judge.limit if plan.judge else None,
            plan=plan.resolved(),
        )
        return run_benchmark(
            asked,
            systems,
            plan_folder(plan, asked),
            models=models,
            limit=plan.limit,
            answer_limit=plan.answer_limit,
            answer_repeats=plan.answer_repeats,
            seed=plan.seed,
            allow_normalized=plan.allow_normalized,
            reporting=reporting,
            notes=notes,
            progress=progress,
        )


def scored_systems(plan: Plan) -> tuple[System, ...]:
    """What a plan scores: the systems it compares and, where it attributes, those between them.

    Raises:
        CalibrationError: when a calibration cannot be read.
    """
    systems = plan.build_systems()
    return (*systems, *(intermediate(systems) if plan.attribution else ()))


def _judge(plan: Plan, dataset: Dataset, models: Models, progress: Progress) -> dict[str, Any] | None:
    """The judge, checked before it judges, if there is anything to judge."""
    if plan.judge is None or models.judging is None or not judged_metrics(plan, dataset):
        return None
    return {
        "model": models.judging.model,
        "fingerprint": judge_fingerprint(models.judging),
        "repeats": plan.judge.repeats,
        "check": check_for(plan.judge.check, models.judging, progress=progress),
    }


def plan_folder(plan: Plan, dataset: Dataset) -> Path:
    """Where a plan's run lies."""
    return plan.out or Path("results") / dataset.name


def plan_encoder(plan: Plan, *, batch_size: int = 32, device: str | None = None) -> Encoder:
    """The encoder that a plan names, not loaded yet.

    Args:
        plan: names it.
        batch_size: texts encoded at once.
        device: torch device; None lets sentence-transformers choose.
    """

    def load() -> RawEmbedding:
        return load_encoder(
            plan.encoder,
            query_prompt=plan.query_prompt,
            document_prompt=plan.document_prompt,
            batch_size=batch_size,
            device=device,
        )

    return Encoder(load, source=encoder_source(plan.encoder, plan.query_prompt, plan.document_prompt))


def _spec(name: str, entry: LLMEntry, key: SecretStr | None) -> ModelSpec:
    if key is None and entry.api_key_env is not None:
        if not (found := os.environ.get(entry.api_key_env)):
            raise PlanError(
                f"Model {name!r} takes its key from the environment variable {entry.api_key_env}, which is "
                "not set; set it."
            )
        key = SecretStr(found)
    return ModelSpec(
        str(entry.gguf or entry.model),
        entry.base_url,
        key,
        temperature=entry.temperature,
        concurrency=entry.concurrency,
        requests_per_minute=entry.requests_per_minute,
        max_retries=entry.max_retries,
        price=Price(entry.price.prompt, entry.price.completion) if entry.price else None,
    )

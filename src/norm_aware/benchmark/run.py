"""A benchmark from a dataset to a report: collect, score, compare, render, with a file between the steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from norm_aware.benchmark.attribution.ladder import intermediate
from norm_aware.benchmark.collect import collect
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.configuration import Configuration
from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.metrics.kept_scores import KeptScores
from norm_aware.benchmark.metrics.scoring import score_run
from norm_aware.benchmark.metrics.shown import as_shown
from norm_aware.benchmark.models import Models
from norm_aware.benchmark.report.render import page, write_text
from norm_aware.benchmark.reporting import JUDGE_COSTS, Reporting, attributed
from norm_aware.benchmark.results import build_results
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.ranker import Ranker, ranking_fingerprint
from norm_aware.benchmark.systems.retrieving import TOP_K
from norm_aware.benchmark.systems.system import System
from norm_aware.benchmark.systems.unseen import require_unseen
from norm_aware.errors import BenchmarkError
from norm_aware.progress import Progress, silent
from norm_aware.whole_file import write_whole


def run_benchmark(
    dataset: Dataset,
    systems: Sequence[System],
    out: Path,
    *,
    models: Models,
    limit: int | None = None,
    answer_limit: int | None = None,
    answer_repeats: int = 0,
    context_k: int | None = None,
    seed: int = 0,
    allow_normalized: bool = False,
    reporting: Reporting | None = None,
    notes: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Compare systems on a dataset, end to end.

    Started again with the same arguments and `out`, it goes on where it stopped: a complete index is not
    built and models are not asked a second time, but for calls that failed. Other systems, changed ones, or
    a larger limit may be given to the same `out`, and cost what is new about them.

    Args:
        dataset: what to search, and the judged queries.
        systems: what to compare, the baseline first.
        out: folder of the run: `index/`, `run.jsonl`, `answers.jsonl`, `judged.jsonl`, `measured.jsonl`,
            `scores.jsonl`, `results.json` and `report.html`.
        models: the encoder, and what answers and judges.
        limit: how many queries are asked, a seeded sample; None asks all.
        answer_limit: how many of these are answered too; None answers all.
        answer_repeats: further answers to the same contexts, at a temperature above 0, which show the model's
            own noise.
        context_k: documents an answer is written from, in every system; None leaves each its own.
        seed: of the sample and the resampling.
        allow_normalized: take embeddings that all have length 1.
        reporting: how the rows are compared, attributed and judged.
        notes: further entries of the report's configuration; no secrets.
        progress: told how far each step is.

    Returns:
        The content of results.json.

    Raises:
        BenchmarkError: when `out` holds a run of another configuration.
        NormAwareError: for what the steps refuse.
    """
    if context_k is not None:
        systems = tuple(replace(system, context_k=context_k) for system in systems)
    _require_possible(systems, answer_limit)
    reporting = reporting or Reporting(comparing=ComparisonOptions(seed=seed))
    rungs = intermediate(systems) if reporting.attribution else ()
    every = (*systems, *rungs)
    queries = dataset.sample(limit, seed=seed)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{out} cannot be made a folder ({error.strerror}); choose another.") from error
    configuration = Configuration(out / "configuration.json")
    encoder = Encoder.of(models.embedding)
    identity = encoder.identity(configuration.encoder(encoder.source))
    for calibration in filter(None, (system.calibration for system in systems)):
        calibration.require_encoder(identity)
        require_unseen(calibration, queries)
    held = {
        "dataset_digest": dataset.digest,
        "encoder": identity[0],
        "encoder_fingerprint": identity[1],
        "similarity_top_k": TOP_K,
        "seed": seed,
    }
    configuration.hold(held, encoder_source=encoder.source)
    indexes = Indexes(dataset, encoder, out / "index", progress=progress, allow_normalized=allow_normalized)
    rankers = {
        s.name: Ranker(
            s, indexes, fingerprint=ranking_fingerprint(s, dataset=dataset.digest, encoder=identity)
        )
        for s in every
    }
    try:
        norms = _norms(indexes, out / "norms.json")
        run = collect(
            every,
            queries,
            retrieving=rankers,
            embed=lambda texts: encoder.embedding.embed_queries(texts),
            llm=models.llm,
            llms=models.llms,
            answer_limit=answer_limit,
            answer_repeats=answer_repeats,
            rows=Rows(out / "run.jsonl"),
            progress=progress,
        )
    finally:
        indexes.close()
    scores = score_run(
        run,
        dataset=dataset,
        metrics=KeptScores(models.metrics, Rows(out / "measured.jsonl")),
        judge=models.judge,
        judged=Rows(out / "judged.jsonl"),
        judged_queries={query.id for query in queries[: reporting.judge_limit]},
        context_k={s.name: s.context_k for s in every},
        progress=progress,
        pairwise=models.pairwise,
        shown=as_shown(every, models.llm, models.llms),
    )
    write_whole(out / "scores.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in scores))
    results = build_results(
        name=out.resolve().name,
        dataset=dataset,
        queries=queries,
        systems=systems,
        run=run,
        scores=scores,
        norms=norms,
        configuration={
            **held,
            "context_k": _one_or_each({s.name: s.context_k for s in systems}),
            "exact": _one_or_each({s.name: s.exact for s in systems}),
            **_calibrations(systems),
            "llm_fingerprint": _fingerprints(models),
            "judge_fingerprint": models.judge.fingerprint if models.judge else None,
            "systems": [system.name for system in systems],
            "limit": limit,
            "answer_limit": answer_limit,
            **(notes or {}),
        },
        reporting=reporting,
        **attributed(
            dataset, queries, systems, rungs=rungs, run=run, scores=scores, norms=norms, reporting=reporting
        ),
    )
    write_whole(out / "results.json", json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False))
    write_text(out / "report.html", page(results))
    return results


def _require_possible(systems: Sequence[System], answer_limit: int | None) -> None:
    if not systems:
        raise BenchmarkError("There is no system; give at least a baseline.")
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkError(f"Two systems are named {name!r}; give each a name of its own.")
    if JUDGE_COSTS in names:
        raise BenchmarkError(
            f"A system is named {JUDGE_COSTS!r}, under which results.json holds what judging cost; give it "
            "another name."
        )
    for system in systems:
        if not 1 <= system.context_k <= TOP_K:
            raise BenchmarkError(f"context_k is {system.context_k}; a number from 1 to {TOP_K} is needed.")
    if answer_limit is not None and answer_limit < 0:
        raise BenchmarkError(f"answer_limit is {answer_limit}; a number of queries is needed.")


def _norms(indexes: Indexes, path: Path) -> dict[str, float]:
    """Every document's norm, written down once: a run whose rows are all there then opens no index."""
    if not path.is_file():
        write_whole(path, json.dumps(indexes.norms()))
    norms: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return norms


def _fingerprints(models: Models) -> Any:
    if models.llm is not None:
        return models.llm.fingerprint
    named = {name: model.fingerprint for name, model in models.llms.items()}
    return _one_or_each(named) if named else None


def _one_or_each(values: Mapping[str, Any]) -> Any:
    return next(iter(values.values())) if len(set(values.values())) == 1 else dict(values)


def _calibrations(systems: Sequence[System]) -> dict[str, Any]:
    digests = {s.name: s.calibration.digest for s in systems if s.calibration is not None}
    return {"calibration": _one_or_each(digests)} if digests else {}

"""A benchmark from a dataset to a report: collect, score, compare, render, with a file between the steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import QueryBundle
from qdrant_client import QdrantClient

from norm_aware.benchmark.collect import collect
from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.metrics.scoring import score_run
from norm_aware.benchmark.metrics.shown import as_shown
from norm_aware.benchmark.models import Models
from norm_aware.benchmark.report.render import write_report
from norm_aware.benchmark.results import build_results
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.calibrated_index import open_calibrated_index, require_unseen
from norm_aware.benchmark.systems.index import COLLECTION, open_index
from norm_aware.benchmark.systems.retrieving import Found
from norm_aware.benchmark.systems.system import System
from norm_aware.errors import BenchmarkError
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.llamaindex.points import point_id
from norm_aware.llamaindex.retriever import NormAwareRetriever
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress, silent
from norm_aware.qdrant.field import NORM
from norm_aware.whole_file import write_whole

TOP_K = 100
"""Documents retrieved per query, as many as the deepest measure looks at."""


def run_benchmark(
    dataset: Dataset,
    systems: Sequence[System],
    out: Path,
    *,
    models: Models,
    limit: int | None = None,
    answer_limit: int | None = None,
    context_k: int = 3,
    seed: int = 0,
    allow_normalized: bool = False,
    notes: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Compare systems on a dataset, end to end.

    Started again with the same arguments and `out`, it goes on where it stopped: a complete index is not
    built and models are not asked a second time, but for calls that failed. More systems, or a larger
    limit, may be given to the same `out`.

    Args:
        dataset: what to search, and the judged queries.
        systems: what to compare, the baseline first.
        out: folder of the run: `index/`, `run.jsonl`, `judged.jsonl`, `scores.jsonl`, `results.json` and
            `report.html`.
        models: the encoder, and what answers and judges.
        limit: how many queries are asked, a seeded sample; None asks all.
        answer_limit: how many of these are answered too; None answers all.
        context_k: documents an answer is written from.
        seed: of the sample and the resampling.
        allow_normalized: take embeddings that all have length 1.
        notes: further entries of the report's configuration; no secrets.
        progress: told how far each step is.

    Returns:
        The content of results.json.

    Raises:
        BenchmarkError: when `out` holds a run of another configuration.
        NormAwareError: for what the steps refuse.
    """
    if not 1 <= context_k <= TOP_K:
        raise BenchmarkError(f"context_k is {context_k}; a number from 1 to {TOP_K} is needed.")
    if answer_limit is not None and answer_limit < 0:
        raise BenchmarkError(f"answer_limit is {answer_limit}; a number of queries is needed.")
    systems = [replace(system, context_k=context_k) for system in systems]
    queries = dataset.sample(limit, seed=seed)
    calibration = next((s.calibration for s in systems if s.calibration is not None), None)
    if calibration is not None:
        calibration.require_encoder(encoder_identity(models.embedding))
        require_unseen(calibration, queries)
    configuration = {
        "dataset_digest": dataset.digest,
        "encoder": models.embedding.model_name,
        "encoder_fingerprint": models.embedding.fingerprint,
        "llm_fingerprint": models.llm.fingerprint if models.llm else None,
        "similarity_top_k": TOP_K,
        "context_k": context_k,
        "exact": True,
        "seed": seed,
        # rows of `calibrated` by two calibrations cannot stand in one run
        **({"calibration": calibration.digest} if calibration is not None else {}),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchmarkError(f"{out} cannot be made a folder ({error.strerror}); choose another.") from error
    _require_same(out / "configuration.json", configuration)
    index, client = open_index(
        dataset, models.embedding, out / "index", progress=progress, allow_normalized=allow_normalized
    )
    try:
        norms = _norms(dataset, client)
        calibrated = None
        if calibration is not None:
            calibrated = open_calibrated_index(
                cast("NormAwareVectorStore", index.vector_store),
                calibration,
                documents=len(dataset.documents),
                progress=progress,
            )
        run = collect(
            systems,
            queries,
            retrieving={
                s.name: _Finder(s, index if s.calibration is None or calibrated is None else calibrated)
                for s in systems
            },
            embed=models.embedding.embed_queries,
            llm=models.llm,
            llms=models.llms,
            answer_limit=answer_limit,
            rows=Rows(out / "run.jsonl"),
            progress=progress,
        )
    finally:
        client.close()
    scores = score_run(
        run,
        dataset=dataset,
        metrics=models.metrics,
        judge=models.judge,
        judged=Rows(out / "judged.jsonl"),
        context_k={system.name: system.context_k for system in systems},
        progress=progress,
        pairwise=models.pairwise,
        shown=as_shown(systems, models.llm, models.llms),
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
            **configuration,
            "judge_fingerprint": models.judge.fingerprint if models.judge else None,
            "systems": [system.name for system in systems],
            "limit": limit,
            "answer_limit": answer_limit,
            **(notes or {}),
        },
        seed=seed,
    )
    write_whole(out / "results.json", json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False))
    write_report(out / "results.json")
    return results


class _Finder:
    def __init__(self, system: System, index: VectorStoreIndex) -> None:
        digest = system.calibration.digest if system.calibration is not None else None
        self.fingerprint = f"{system.similarity!r}-{digest}"
        self._retriever = NormAwareRetriever(
            index, similarity=system.similarity, similarity_top_k=TOP_K, exact=True
        )

    def retrieve(self, query: Query, vector: Sequence[float]) -> list[Found]:
        nodes = self._retriever.retrieve(QueryBundle(query.text, embedding=list(vector)))
        return [
            Found(n.node_id, n.score, n.document_norm, n.text) for n in nodes if isinstance(n, NodeWithNorms)
        ]


def _require_same(path: Path, configuration: Mapping[str, Any]) -> None:
    if path.is_file():
        try:
            earlier = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BenchmarkError(
                f"{path} is not valid JSON; remove the folder, or choose another."
            ) from error
        changed = [
            f"{key} was {earlier.get(key)!r} and is {value!r}"
            for key, value in configuration.items()
            if earlier.get(key, value) != value  # a calibration may join a run that had none
        ]
        if changed:
            raise BenchmarkError(
                f"{path.parent} holds a run of another configuration ({'; '.join(changed)}), and rows "
                "of both cannot be compared; choose another --out, or remove that folder."
            )
        configuration = {**earlier, **configuration}
    write_whole(path, json.dumps(dict(configuration), indent=1))


def _norms(dataset: Dataset, client: QdrantClient) -> dict[str, float]:
    records, _ = client.scroll(COLLECTION, limit=len(dataset.documents), with_payload=[NORM])
    by_point = {str(record.id): float((record.payload or {})[NORM]) for record in records}
    return {document.id: by_point[point_id(document.id)] for document in dataset.documents}

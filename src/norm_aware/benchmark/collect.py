"""The first step of a benchmark: retrieve and answer, row by row."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import QueryBundle

from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.system import System
from norm_aware.errors import LLMError
from norm_aware.llamaindex.embedding import RawEmbedding
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.llamaindex.retriever import NormAwareRetriever
from norm_aware.progress import Progress

TOP_K = 100
"""Documents retrieved per query, as many as the deepest measure looks at."""


class Answerer(Protocol):
    """A language model that answers from contexts.

    Attributes:
        fingerprint: hash of everything that changes an answer.
    """

    fingerprint: str

    def answer(self, question: str, contexts: Sequence[str]) -> str:
        """The answer; raises LLMError where there is none."""


def collect(
    systems: Sequence[System],
    queries: Sequence[Query],
    *,
    index: VectorStoreIndex,
    calibrated: VectorStoreIndex | None = None,
    embedding: RawEmbedding,
    llm: Answerer | None,
    context_k: int,
    answer_limit: int | None = None,
    rows: Rows,
    progress: Progress,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Retrieve for every system and query and answer from what was found, resuming where rows end.

    Two systems that retrieved the same contexts in the same order share one answer: it costs once, and the
    model's own noise cannot pose as a difference between them.

    Args:
        systems: what to compare.
        queries: the questions.
        index: over a `NormAwareVectorStore` that holds every document.
        calibrated: over one that holds them by the calibration of a system that has one.
        embedding: the encoder under test.
        llm: answers; None collects retrieval only.
        context_k: documents an answer is written from, at most `TOP_K`.
        answer_limit: how many of the queries, from the first, are answered; None answers all.
        rows: the run so far, and where new rows go.
        progress: told of rows collected.

    Returns:
        `{(system, query_id): row}`; a row has `system`, `query_id`, `documents` ({id, score, norm}, best
        first), `answer`, `seconds`, and `failure` where the model gave no answer. Failed answers of an
        earlier run are asked for again.
    """
    found = {(row["system"], row["query_id"]): row for row in rows.read()}
    answers = {
        (row["query_id"], _context_ids(row, context_k)): row["answer"]
        for row in found.values()
        if row["answer"] is not None
    }
    failures: dict[tuple[str, tuple[str, ...]], str] = {}
    wanted = [(system, query) for query in queries for system in systems]
    to_answer = {query.id for query in queries[:answer_limit]} if llm is not None else set()
    missing = [(s, q) for s, q in wanted if _is_open(found.get((s.name, q.id)), q.id in to_answer)]
    asked = list(dict.fromkeys(query for _, query in missing))
    vectors = dict(zip(asked, embedding.embed_queries([q.text for q in asked]), strict=True)) if asked else {}
    retrievers = {
        s.name: NormAwareRetriever(
            index if s.calibration is None or calibrated is None else calibrated,
            similarity=s.similarity,
            similarity_top_k=TOP_K,
            exact=True,
        )
        for s in systems
    }
    for done, (system, query) in enumerate(missing, start=len(wanted) - len(missing)):
        progress("Retrieving and answering", done, len(wanted))
        started = time.perf_counter()
        nodes = retrievers[system.name].retrieve(QueryBundle(query.text, embedding=vectors[query]))
        row: dict[str, Any] = {
            "system": system.name,
            "query_id": query.id,
            "documents": [
                {"id": n.node_id, "score": n.score, "norm": n.document_norm}
                for n in nodes
                if isinstance(n, NodeWithNorms)
            ],
            "answer": None,
        }
        key = (query.id, _context_ids(row, context_k))
        if llm is not None and query.id in to_answer:
            if key not in answers and key not in failures:
                try:
                    answers[key] = llm.answer(query.text, [node.text for node in nodes[:context_k]])
                except LLMError as error:
                    failures[key] = str(error)
            row["answer"] = answers.get(key)
            if key in failures:  # shared like an answer: a second try would favour the later system
                row["failure"] = failures[key]
        row["seconds"] = round(time.perf_counter() - started, 4)
        rows.append(row)
        found[system.name, query.id] = row
    progress("Retrieving and answering", len(wanted), len(wanted))
    rows_of = {(s.name, q.id): found[s.name, q.id] for s, q in wanted}
    # an answer of an earlier run beyond this one's limit would be compared with nothing
    return {key: row if key[1] in to_answer else _unanswered(row) for key, row in rows_of.items()}


def _unanswered(row: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "failure"}, "answer": None}


def _is_open(row: Mapping[str, Any] | None, to_answer: bool) -> bool:
    return row is None or (to_answer and row["answer"] is None)


def _context_ids(row: Mapping[str, Any], context_k: int) -> tuple[str, ...]:
    return tuple(document["id"] for document in row["documents"][:context_k])

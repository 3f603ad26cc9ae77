"""The first step of a benchmark: retrieve and answer, row by row."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict
from typing import Any

from norm_aware.benchmark.answering import Answered, Answering
from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.benchmark.llms.answers import Answerer, Answers, Question
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.retrieving import Retrieving
from norm_aware.benchmark.systems.system import System
from norm_aware.errors import BenchmarkError
from norm_aware.progress import Progress

_AHEAD = 4  # questions retrieved for each that is asked; a kill loses no more of them
_STAGE = "Retrieving and answering"


def collect(
    systems: Sequence[System],
    queries: Sequence[Query],
    *,
    retrieving: Mapping[str, Retrieving],
    embed: Callable[[list[str]], Sequence[Sequence[float]]],
    llm: Answerer | None,
    llms: Mapping[str, Answerer] | None = None,
    answer_limit: int | None = None,
    answer_repeats: int = 0,
    rows: Rows,
    answers: Rows | None = None,
    progress: Progress,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Retrieve for every system and query and answer from what was found, resuming where rows end.

    Two systems whose model is asked the same, by the same prompt from the same contexts in the same order,
    share one answer: it costs once, and the model's own noise cannot pose as a difference between them.

    Args:
        systems: what to compare.
        queries: the questions.
        retrieving: what finds each system's documents, by the system's name.
        embed: raw embeddings of queries; asked only where a row is missing.
        llm: answers for systems that name no model; None collects retrieval only.
        llms: the models that systems name.
        answer_limit: how many of the queries, from the first, are answered; None answers all.
        answer_repeats: further answers to the same contexts, which show the model's own noise.
        rows: the run so far, and where new rows go, in the order in which they are done.
        answers: what models have said; None is `answers.jsonl` beside the rows.
        progress: told of rows collected.

    Returns:
        `{(system, query_id): row}`; a row has `system`, `query_id`, `ranking` (fingerprint of what found its
        documents), `documents` ({id, score, norm}, best first), `answer`, `retrieval_seconds`,
        `answer_seconds` and `seconds`, their sum. Where a model was asked it has `asked` and `question`
        (fingerprints of how, and of all that the answer depends on), `usage` (what was paid for it, which is
        nothing where it is `shared` with another system), `failure` where the model gave no answer, and
        `repeats` where they were wanted. Failed answers of an earlier run are asked for again; rows of a
        system that has changed since stay in the file and are not looked at.

    Raises:
        BenchmarkError: when a system names a model that is not there, or the files cannot be used.
        ModelStartError: when a model cannot be started at all.
    """
    models = {system.name: model_of(system, llm, llms or {}) for system in systems}
    rankings = {name: finder.fingerprint for name, finder in retrieving.items()}
    found = {
        (row["system"], row["query_id"]): row
        for row in rows.read()
        if "ranking" in row and row["ranking"] == rankings.get(row["system"])
    }
    wanted = [(system, query) for query in queries for system in systems]
    to_answer = {query.id for query in queries[:answer_limit]}

    def is_open(system: System, query: Query) -> bool:
        row, model = found.get((system.name, query.id)), models[system.name]
        if row is None or model is None or query.id not in to_answer:
            return row is None
        given = row["answer"] is not None and row.get("asked") == _asked(system, model)
        return not given or len(row.get("repeats", ())) < answer_repeats

    missing = [(system, query) for system, query in wanted if is_open(system, query)]
    texts = list(dict.fromkeys(query.text for _, query in missing))
    vectors = dict(zip(texts, embed(texts), strict=True)) if texts else {}
    # who has paid for an answer that others share
    owners = {row["question"]: row["system"] for row in found.values() if row.get("shared") is False}
    pending: dict[Future[Answered], dict[str, Any]] = {}
    ahead = _AHEAD * sum({id(m): m.concurrency for m in models.values() if m is not None}.values())
    done = len(wanted) - len(missing)

    def keep(row: dict[str, Any]) -> None:
        nonlocal done
        rows.append(row)
        found[row["system"], row["query_id"]] = row
        done += 1
        progress(_STAGE, done, len(wanted))

    progress(_STAGE, done, len(wanted))
    known = Answers(answers or Rows(rows.path.with_name("answers.jsonl")))
    with Answering(known, repeats=answer_repeats) as answering:
        for system, query in missing:
            model = models[system.name]
            started = time.perf_counter()
            documents = retrieving[system.name].retrieve(query, vectors[query.text])
            seconds = round(time.perf_counter() - started, 4)
            row: dict[str, Any] = {
                "system": system.name,
                "query_id": query.id,
                "ranking": rankings[system.name],
                "documents": [{"id": d.id, "score": d.score, "norm": d.norm} for d in documents],
                "answer": None,
                "retrieval_seconds": seconds,
                "answer_seconds": None,
                "seconds": seconds,
            }
            if model is None or query.id not in to_answer:
                keep(row)
                continue
            contexts = tuple(document.text for document in documents[: system.context_k])
            question = Question(query.text, contexts, system.prompt)
            row |= {"asked": _asked(system, model), "question": question.key(model.fingerprint)}
            row["shared"] = owners.setdefault(row["question"], system.name) != system.name
            pending[answering.ask(model, question)] = row
            for future in [future for future in pending if future.done()] or _first(pending, above=ahead):
                keep(_answered(pending.pop(future), future.result(), answer_repeats))
        while pending:
            for future in _first(pending):
                keep(_answered(pending.pop(future), future.result(), answer_repeats))
    rows_of = {(s.name, q.id): found[s.name, q.id] for s, q in wanted}
    # an answer of an earlier run beyond this one's limit would be compared with nothing
    return {
        key: row if key[1] in to_answer and models[key[0]] is not None else _unanswered(row)
        for key, row in rows_of.items()
    }


def model_of(system: System, llm: Answerer | None, llms: Mapping[str, Answerer]) -> Answerer | None:
    """The model that answers for a system; None where none answers.

    Args:
        system: of the run.
        llm: answers for systems that name no model; where there is none, the first of `llms`.
        llms: further models, by the names that systems call them.

    Raises:
        BenchmarkError: when the system names a model that is not there.
    """
    if llm is None and not llms:
        return None
    if system.llm is None:
        return llm or next(iter(llms.values()))
    if system.llm not in llms:
        raise BenchmarkError(
            f"System {system.name!r} is answered by {system.llm!r}, and the run's models are "
            f"{', '.join(map(repr, llms)) or 'unnamed'}; name one of them."
        )
    return llms[system.llm]


def _asked(system: System, model: Answerer) -> str:
    """What an answer depends on beside its question and the ranking."""
    return f"{model.fingerprint}-{system.prompt.digest}-{system.context_k}"


def _first(pending: Mapping[Future[Answered], Any], *, above: int = 0) -> set[Future[Answered]]:
    """Wait for the first of the answers, unless there are few enough to go on."""
    return set() if len(pending) <= above else wait(pending, return_when=FIRST_COMPLETED).done


def _answered(row: dict[str, Any], answered: Answered, repeats: int) -> dict[str, Any]:
    # its time is what the system would take alone, its price what was paid for it
    row["answer"], row["answer_seconds"] = answered.text, answered.seconds
    row["seconds"] = round(row["retrieval_seconds"] + answered.seconds, 4)
    row["usage"] = asdict(Usage() if row["shared"] else answered.usage)
    if answered.failure is not None:
        row["failure"] = answered.failure
    if repeats:
        row["repeats"] = list(answered.repeats)
    return row


def _unanswered(row: dict[str, Any]) -> dict[str, Any]:
    gone = ("failure", "repeats", "usage", "shared", "asked", "question")
    kept = {name: value for name, value in row.items() if name not in gone}
    return {**kept, "answer": None, "answer_seconds": None, "seconds": row["retrieval_seconds"]}

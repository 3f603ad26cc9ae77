"""The second step of a benchmark: a score, or the reason why there is none, per system, query and measure."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.metrics.answer_measures import squad_em, squad_f1
from norm_aware.benchmark.metrics.measures import DESCRIPTIONS as RETRIEVAL
from norm_aware.benchmark.metrics.measures import retrieval_measures
from norm_aware.benchmark.metrics.ragas_metrics import DESCRIPTIONS as RAGAS
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.rows import Rows
from norm_aware.progress import Progress

SQUAD = {
    "squad_em": ("answer", "1 if the answer equals a gold answer after SQuAD's normalisation, else 0"),
    "squad_f1": ("answer", "overlap of the answer's words with the best-matching gold answer (SQuAD)"),
}

DESCRIPTIONS: dict[str, tuple[str, str]] = {
    **{name: ("retrieval", text) for name, text in RETRIEVAL.items()},
    **{name: value for name, value in RAGAS.items() if value[0] == "retrieval"},
    **SQUAD,
    **{name: value for name, value in RAGAS.items() if value[0] != "retrieval"},
}
"""Every measure in the order of the report: its kind (retrieval, answer, judged) and what it says."""


_WITHOUT_REFERENCE = {"faithfulness", "answer_relevancy"}  # judged metrics that need no gold answer


class SampleMetrics(Protocol):
    """Metrics that need no judge."""

    def score(self, sample: Sample) -> list[Score]:
        """A score for each metric that applies to the sample."""


class Judge(Protocol):
    """Metrics that ask a language model."""

    fingerprint: str

    async def score(self, sample: Sample) -> list[Score]:
        """A score for each judged metric that applies to the sample."""


def score_run(
    run: Mapping[tuple[str, str], Mapping[str, Any]],
    *,
    dataset: Dataset,
    metrics: SampleMetrics,
    judge: Judge | None,
    judged: Rows,
    context_k: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Score every row of a run.

    Args:
        run: `{(system, query_id): row}` as `collect` returns it.
        dataset: for the texts and the judgements.
        metrics: judge-free metrics.
        judge: judged metrics; None leaves them out.
        judged: verdicts so far and where new ones go; the same answer from the same contexts is judged once.
        context_k: documents an answer was written from.
        progress: told of rows scored.

    Returns:
        Rows of `system`, `query_id`, `measure`, `judge` (None or its fingerprint), `value` (None where the
        call failed), `reason` (None where there is a value) and `seconds`.
    """
    texts = {document.id: document.content for document in dataset.documents}
    queries = {query.id: query for query in dataset.queries}
    samples = {
        key: Sample(
            question=queries[key[1]].text,
            answer=row["answer"] or "",
            contexts=tuple(texts[d["id"]] for d in row["documents"][:context_k]),
            context_ids=tuple(d["id"] for d in row["documents"][:context_k]),
            references=queries[key[1]].answers if row["answer"] is not None else (),
            relevant_ids=dataset.relevant(key[1]),
        )
        for key, row in run.items()
    }
    referenced = {query.id: bool(query.answers) for query in dataset.queries}
    verdicts = _judge(run, samples, judge, judged, referenced, progress) if judge is not None else {}
    ranked = _retrieval_scores(run, dataset)
    rows: list[dict[str, Any]] = []
    for done, (key, row) in enumerate(run.items()):
        progress("Scoring", done, len(run))
        scores = [*ranked.get(key, ()), *metrics.score(samples[key]), *_squad(samples[key])]
        if row.get("failure") and queries[key[1]].answers:
            reason = f"no answer: {row['failure']}"
            scores += [Score(m, None, reason) for m, (kind, _) in DESCRIPTIONS.items() if kind == "answer"]
        rows += [_row(key, score, None) for score in scores]
        rows += [_row(key, score, judge.fingerprint) for score in verdicts.get(key, []) if judge is not None]
    progress("Scoring", len(run), len(run))
    return rows


def _retrieval_scores(
    run: Mapping[tuple[str, str], Mapping[str, Any]], dataset: Dataset
) -> dict[tuple[str, str], list[Score]]:
    scores: dict[tuple[str, str], list[Score]] = {}
    for system in dict.fromkeys(system for system, _ in run):
        ranking = {
            q: [d["id"] for d in row["documents"]]
            for (s, q), row in run.items()
            if s == system and dataset.relevant(q)  # without a judgement there is nothing to measure by
        }
        values = retrieval_measures(ranking, {query: dataset.qrels[query] for query in ranking})
        for query, of_query in values.items():
            scores[system, query] = [Score(name, value) for name, value in of_query.items()]
    return scores


def _squad(sample: Sample) -> list[Score]:
    if not sample.references:
        return []
    return [
        Score("squad_em", squad_em(sample.answer, sample.references)),
        Score("squad_f1", squad_f1(sample.answer, sample.references)),
    ]


def _judge(
    run: Mapping[tuple[str, str], Mapping[str, Any]],
    samples: Mapping[tuple[str, str], Sample],
    judge: Judge,
    judged: Rows,
    referenced: Mapping[str, bool],
    progress: Progress,
) -> dict[tuple[str, str], list[Score]]:
    known = {row["key"]: [Score(**score) for score in row["scores"]] for row in judged.read()}
    # a verdict that failed is asked for again, one that holds is not
    known = {key: scores for key, scores in known.items() if all(s.value is not None for s in scores)}
    keys = {key: _key(judge.fingerprint, sample) for key, sample in samples.items() if run[key]["answer"]}
    todo = {keys[key]: samples[key] for key in keys if keys[key] not in known}

    async def judge_all() -> None:
        done = 0
        progress("Judging", done, len(todo))

        async def judge_one(key: str, sample: Sample) -> None:
            nonlocal done
            known[key] = await judge.score(sample)
            judged.append({"key": key, "scores": [_plain(score) for score in known[key]]})
            done += 1
            progress("Judging", done, len(todo))

        await asyncio.gather(*(judge_one(key, sample) for key, sample in todo.items()))

    if todo:
        with ThreadPoolExecutor(1) as thread:  # a notebook's thread runs a loop already
            thread.submit(asyncio.run, judge_all()).result()
    verdicts = {key: known[judged_key] for key, judged_key in keys.items()}
    for key, row in run.items():
        if row.get("failure"):
            verdicts[key] = [
                Score(measure, None, f"no answer: {row['failure']}")
                for measure, (kind, _) in DESCRIPTIONS.items()
                if kind == "judged" and (referenced[key[1]] or measure in _WITHOUT_REFERENCE)
            ]
    return verdicts


def _key(fingerprint: str, sample: Sample) -> str:
    """Everything a verdict depends on."""
    parts: Sequence[Any] = (fingerprint, sample.question, sample.answer, sample.contexts, sample.references)
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _plain(score: Score) -> dict[str, Any]:
    return {name: getattr(score, name) for name in ("measure", "value", "reason", "seconds")}


def _row(key: tuple[str, str], score: Score, judge: str | None) -> dict[str, Any]:
    return {"system": key[0], "query_id": key[1], "judge": judge, **_plain(score)}

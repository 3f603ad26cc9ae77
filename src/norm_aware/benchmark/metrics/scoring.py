"""The second step of a benchmark: a score, or the reason why there is none, per system, query and measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Protocol

from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.metrics.answer_measures import squad_em, squad_f1
from norm_aware.benchmark.metrics.judged_run import Judge, judge_run
from norm_aware.benchmark.metrics.measures import retrieval_measures
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.pairwise import PairwiseJudge
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.metrics.shown import Shown
from norm_aware.benchmark.metrics.verdicts import score_row
from norm_aware.benchmark.rows import Rows, Run
from norm_aware.errors import BenchmarkError
from norm_aware.progress import Progress


class SampleMetrics(Protocol):
    """Metrics that need no judge."""

    names: tuple[str, ...]

    def score(self, sample: Sample) -> list[Score]:
        """A score for each metric that applies to the sample."""


def score_run(
    run: Run,
    *,
    dataset: Dataset,
    metrics: SampleMetrics,
    judge: Judge | None,
    judged: Rows,
    context_k: int | Mapping[str, int],
    progress: Progress,
    pairwise: PairwiseJudge | None = None,
    shown: Shown | None = None,
    judged_queries: Set[str] | None = None,
) -> list[dict[str, Any]]:
    """Score every row of a run.

    Every system gets a row for each measure that any system has for the query, so that the queries which all
    have a value for can be told from those they have not.

    Args:
        run: `{(system, query_id): row}` as `collect` returns it; the first system is the baseline.
        dataset: for the texts and the judgements.
        metrics: judge-free metrics.
        judge: judged metrics; None leaves them out.
        judged: verdicts so far and where new ones go; what a metric looks at is judged once.
        context_k: documents an answer was written from, of every system or by system.
        progress: told of rows scored.
        pairwise: compares each system's answers with the baseline's; None leaves that out.
        shown: cuts the contexts to what the answering model saw of them; None takes them whole.
        judged_queries: whose answers are judged; None judges all.

    Returns:
        Rows of `system`, `query_id`, `measure`, `judge` (None or its fingerprint), `value` (None where the
        call failed), `reason` (None where there is a value) and `seconds`; of a judge's, `explanation`,
        `usage`, `repeats`, `spread` and `positions` where there are any, and `shared` where the verdict is
        another row's, which alone then has the usage.

    Raises:
        BenchmarkError: when a row names a document that the dataset has not.
    """
    samples = _samples(run, dataset, context_k, shown)
    to_judge = [key for key in run if judged_queries is None or key[1] in judged_queries]
    verdicts = judge_run(
        {key: run[key] for key in to_judge},
        {key: samples[key] for key in to_judge},
        judge=judge,
        pairwise=pairwise,
        judged=judged,
        progress=progress,
    )
    ranked = _retrieval_scores(run, dataset)
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for done, (key, row) in enumerate(run.items()):
        progress("Scoring", done, len(run))
        sample = samples[key]
        if row["answer"] is None:  # nothing to hold against the gold answers
            scores = [*ranked.get(key, ()), *metrics.score(replace(sample, references=()))]
        else:
            scores = [*ranked.get(key, ()), *metrics.score(sample), *_squad(sample)]
        if row.get("failure") and sample.references:
            reason = f"no answer: {row['failure']}"
            missing = [name for name in (*_SQUAD, *metrics.names) if METRICS[name].kind == "answer"]
            scores += [Score(name, None, reason) for name in missing]
        found = [score_row(*key, score, None) for score in scores] + verdicts.get(key, [])
        rows |= {(*key, row["measure"]): row for row in found}
    progress("Scoring", len(run), len(run))
    return _without_gaps(rows, run)


_SQUAD = {"squad_em": squad_em, "squad_f1": squad_f1}


def _samples(
    run: Run, dataset: Dataset, context_k: int | Mapping[str, int], shown: Shown | None
) -> dict[tuple[str, str], Sample]:
    texts = {document.id: document.content for document in dataset.documents}
    queries = {query.id: query for query in dataset.queries}
    samples = {}
    for (system, query_id), row in run.items():
        k = context_k if isinstance(context_k, int) else context_k[system]
        ids = tuple(document["id"] for document in row["documents"][:k])
        if unknown := [key for key in ids if key not in texts]:
            raise BenchmarkError(
                f"System {system!r} retrieved a document {unknown[0]!r} that dataset {dataset.name!r} has "
                "not; its retriever must return the dataset's documents, by their ids."
            )
        question = queries[query_id].text
        contexts: Sequence[str] = [texts[key] for key in ids]
        if shown is not None:
            contexts = shown(system, question, contexts)
        samples[system, query_id] = Sample(
            question=question,
            answer=row["answer"] or "",
            contexts=tuple(contexts),
            context_ids=ids,
            references=queries[query_id].answers,
            relevant_ids=dataset.relevant(query_id),
        )
    return samples


def _retrieval_scores(run: Run, dataset: Dataset) -> dict[tuple[str, str], list[Score]]:
    scores: dict[tuple[str, str], list[Score]] = {}
    for system in dict.fromkeys(system for system, _ in run):
        ranking = {q: [d["id"] for d in row["documents"]] for (s, q), row in run.items() if s == system}
        # a query without judgements has no quality that could be 0
        qrels = {query: dataset.qrels[query] for query in ranking if dataset.relevant(query)}
        for query, of_query in retrieval_measures(ranking, qrels).items():
            scores[system, query] = [Score(name, value) for name, value in of_query.items()]
    return scores


def _squad(sample: Sample) -> list[Score]:
    if not sample.references:
        return []
    return [Score(name, measure(sample.answer, sample.references)) for name, measure in _SQUAD.items()]


def _without_gaps(rows: Mapping[tuple[str, str, str], dict[str, Any]], run: Run) -> list[dict[str, Any]]:
    of_query: dict[str, dict[str, str | None]] = {}
    for (_, query, measure), row in rows.items():
        of_query.setdefault(query, {})[measure] = row["judge"]
    return [
        rows.get((system, query, measure))
        or score_row(system, query, Score(measure, None, "this system has nothing to measure here"), judge)
        for system, query in run
        for measure, judge in of_query.get(query, {}).items()
    ]

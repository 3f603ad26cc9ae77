"""Where every candidate's difference comes from, as results.json holds it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from norm_aware.benchmark.attribution.breakdowns import Grouping, by_amount, by_kind
from norm_aware.benchmark.attribution.contexts import (
    CHANGES,
    answers_by_hit,
    context_change,
    context_changes,
)
from norm_aware.benchmark.attribution.differences import Resampling, differences
from norm_aware.benchmark.attribution.gain import gain
from norm_aware.benchmark.attribution.ladder import climbed, ladder
from norm_aware.benchmark.attribution.moved import DocumentFacts, moved, movement, moves
from norm_aware.benchmark.attribution.noise import RepeatScore, noise
from norm_aware.benchmark.attribution.repeats import squad_repeats
from norm_aware.benchmark.attribution.steps import steps, total
from norm_aware.benchmark.comparison.pairs import Values, values_of
from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.rows import Run
from norm_aware.benchmark.systems.system import System


@dataclass(frozen=True, slots=True)
class Options:
    """What an attribution may know beside the run.

    Attributes:
        rungs: systems of the run that are scored and not compared, see `ladder.intermediate`.
        kinds: type of each question, where it has one.
        repeats: scores of further answers to the same contexts; None scores those in the run by SQuAD's
            measures.
        answer_measure: the answers' measure; None takes squad_f1, or the first of the answers, or the first
            of the judged that is informative.
        uninformative: judged measures whose judge is no better than chance: attributed step by step, but
            never taken to speak for the answers.
        resampling: how intervals are made.
        step_draws: how many times steps and totals are resampled: they stand beside the comparisons, and are
            to be drawn as often.
    """

    rungs: Sequence[System] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    repeats: Sequence[RepeatScore] | None = None
    answer_measure: str | None = None
    uninformative: Collection[str] = ()
    resampling: Resampling = field(default_factory=Resampling)
    step_draws: int = 10_000


def attribute(
    dataset: Dataset,
    systems: Sequence[System],
    *,
    run: Run,
    scores: Sequence[Mapping[str, Any]],
    norms: Mapping[str, float | None],
    measures: Mapping[str, str],
    options: Options | None = None,
) -> dict[str, Any]:
    """Attribute the difference between every candidate and the baseline.

    Args:
        dataset: what was searched: texts and judgements.
        systems: what is compared, the baseline first.
        run: rows of `collect`, of the compared systems and of `options.rungs`.
        scores: rows of `score_run`.
        norms: length of every document's raw embedding, by document id; None or absent where unknown.
        measures: kind (retrieval, answer, judged) of every measure that is reported, in its order.
        options: what else is known.

    Returns:
        `attribution`: for each candidate

        - `steps`: `{measure: [{step, from, to, n, difference, low, high}]}`, whose differences add up to
        - `totals`: `{measure: {n, difference, low, high}}`, over the questions every rung has a value for;
        - `noise`: `{measure: {sd, standard_error, share, n}}`, None without further answers, for all
          measures but those of retrieval;
        - `gain`: `retrieval` and `answer` (names of the measures, None where none is informative),
          `points` ([{query_id, retrieval, answer}]), `correlation`, `low`, `high`, and `quadrants`
          (`{documents: {answer: questions}}`, each better, same or worse);
        - `context_changes`: `{entered|left|kept|absent: {questions, n, difference, low, high}}`, n of the
          questions being answered and the difference that of the answer measure;
        - `hits`: `{system: {hit|miss: {n, mean, low, high}}}`, the answer measure with and without a
          relevant document among the contexts, for baseline and candidate;
        - `moved`: `{promoted|demoted: [{document, query_id, before, after, norm, relevant, ...}]}`, see
          `moved.moved`, and `movement`: what these documents have in common, see `moved.movement`;

        and `breakdowns`: [{by, candidate, measure, groups: [{name, n, difference, low, high}]}], `by` being
        "question type", "document length", "document norm" or "relevant documents"; what all questions are
        alike in is left out. An interval is None below 5 questions.
    """
    options = options or Options()
    questions = sorted({query for _, query in run})
    relevant = {query: dataset.relevant(query) for query in questions}
    documents = {document.id: document for document in dataset.documents}
    known_norms = {key: norm for key, norm in norms.items() if norm is not None}
    facts = DocumentFacts(documents, known_norms)
    values = values_of(scores)
    rankings = _rankings(run, systems)
    groupings = _groupings(
        relevant,
        {key: len(document.content) for key, document in documents.items()},
        known_norms,
        options.kinds,
    )
    informative = {name: kind for name, kind in measures.items() if name not in options.uninformative}
    answer = options.answer_measure or _answer_measure(informative)
    retrieval = _first(measures, "retrieval")
    repeats = options.repeats
    if repeats is None:
        repeats = squad_repeats(run, {query.id: query.answers for query in dataset.queries})
    found: dict[str, Any] = {}
    for candidate in systems[1:]:
        pair = (systems[0].name, candidate.name)
        contexts = {
            s.name: {query: ranking[: s.context_k] for query, ranking in rankings[s.name].items()}
            for s in (systems[0], candidate)
        }
        before, after = (contexts[name] for name in pair)
        asked = sorted(before.keys() & after.keys())
        changes = {q: context_change(before[q], after[q], relevant[q]) for q in asked}
        changed = context_changes(changes, _of(values, pair, answer), resampling=options.resampling)
        changed_ranks = moves(rankings[pair[0]], rankings[pair[1]], relevant)
        found[candidate.name] = {
            **_stepwise(values, systems[0], candidate, [*systems, *options.rungs], measures, options),
            "noise": _noise(values, systems[0], candidate, contexts, measures, repeats),
            "gain": {
                "retrieval": retrieval,
                "answer": answer,
                **gain(
                    _of(values, pair, retrieval), _of(values, pair, answer), resampling=options.resampling
                ).as_row(),
            },
            "context_changes": {
                change: {"questions": sum(of == change for of in changes.values()), **changed[change]}
                for change in CHANGES
            },
            "hits": {
                name: answers_by_hit(
                    contexts[name],
                    relevant,
                    values.get(name, {}).get(answer or "", {}),
                    resampling=options.resampling,
                )
                for name in pair
            },
            "moved": moved(changed_ranks, facts),
            "movement": movement(changed_ranks, facts, resampling=options.resampling),
        }
    return {
        "attribution": found,
        "breakdowns": [
            {
                "by": grouping.by,
                "candidate": candidate.name,
                "measure": measure,
                "groups": grouping.break_down(paired, resampling=options.resampling),
            }
            for grouping in groupings
            for candidate in systems[1:]
            for measure in measures
            if (paired := differences(values, (systems[0].name, candidate.name), measure))
        ],
    }


def _stepwise(
    values: Values,
    baseline: System,
    candidate: System,
    systems: Sequence[System],
    measures: Mapping[str, str],
    options: Options,
) -> dict[str, Any]:
    rungs = climbed(ladder(baseline, candidate), systems)
    resampling = replace(options.resampling, draws=options.step_draws)
    by_measure = {m: steps(values, rungs, m, resampling=resampling) for m in measures}
    return {
        "steps": {m: [step.as_row() for step in found] for m, found in by_measure.items()},
        "totals": {
            m: total(values, found, m, resampling=resampling).as_row() for m, found in by_measure.items()
        },
    }


def _noise(
    values: Values,
    baseline: System,
    candidate: System,
    contexts: Mapping[str, Mapping[str, Sequence[str]]],
    measures: Mapping[str, str],
    repeats: Sequence[RepeatScore],
) -> dict[str, dict[str, Any] | None]:
    before, after = contexts[baseline.name], contexts[candidate.name]
    asked_alike = (baseline.prompt, baseline.llm) == (candidate.prompt, candidate.llm)
    shared = {q for q in before.keys() & after.keys() if asked_alike and before[q] == after[q]}
    pair = (baseline.name, candidate.name)
    found = {
        measure: noise(values, repeats, pair, measure, shared=shared)
        for measure, kind in measures.items()
        if kind != "retrieval"
    }
    return {measure: of_measure.as_row() if of_measure else None for measure, of_measure in found.items()}


def _groupings(
    relevant: Mapping[str, Sequence[str]],
    characters: Mapping[str, int],
    norms: Mapping[str, float],
    kinds: Mapping[str, str],
) -> list[Grouping]:
    questions = list(relevant)
    grouped = [
        by_kind("question type", questions, kinds),
        by_amount("document length", questions, _means(relevant, characters)),
        by_amount("document norm", questions, _means(relevant, norms)),
        by_amount("relevant documents", questions, {q: float(len(ids)) for q, ids in relevant.items()}),
    ]
    return [grouping for grouping in grouped if len(grouping.groups) > 1]


def _means(relevant: Mapping[str, Sequence[str]], amounts: Mapping[str, float]) -> dict[str, float]:
    known = {query: [amounts[key] for key in ids if key in amounts] for query, ids in relevant.items()}
    return {query: float(np.mean(found)) for query, found in known.items() if found}


def _rankings(run: Run, systems: Sequence[System]) -> dict[str, dict[str, list[str]]]:
    rankings: dict[str, dict[str, list[str]]] = {system.name: {} for system in systems}
    for (system, query), row in run.items():
        if system in rankings:
            rankings[system][query] = [document["id"] for document in row["documents"]]
    return rankings


def _of(values: Values, pair: tuple[str, str], measure: str | None) -> dict[str, float]:
    return differences(values, pair, measure) if measure is not None else {}


def _answer_measure(measures: Mapping[str, str]) -> str | None:
    if "squad_f1" in measures:
        return "squad_f1"
    return _first(measures, "answer") or _first(measures, "judged")


def _first(measures: Mapping[str, str], kind: str) -> str | None:
    return next((measure for measure, of_kind in measures.items() if of_kind == kind), None)

"""The scoring step: a row for each system, query and measure, with a value or a reason, judged once."""

import asyncio
import json

import pytest

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics
from norm_aware.benchmark.metrics.score import Score
from norm_aware.benchmark.metrics.scoring import score_run
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError

DATASET = Dataset(
    "cities",
    tuple(Document(f"d{n}", "", f"text {n}") for n in range(4)),
    (Query("q0", "Where?", ("Paris",)), Query("q1", "When?", ("1815",)), Query("q2", "Who?", ())),
    {"q0": {"d0": 1}, "q1": {"d1": 1}, "q2": {}},
)


class Judge:
    """Says how many characters it was shown, and remembers what it was asked."""

    fingerprint = "judge-1"
    repeats = 1
    names = ("faithfulness", "llm_context_recall")

    def __init__(self, repeats=1):
        self.asked, self.repeats = [], repeats

    def applies(self, name, sample):
        return name == "faithfulness" or bool(sample.references)

    async def judge(self, name, sample, *, repeat=0):
        self.asked.append((name, sample, repeat))
        return Score(name, repeat / 4, None, 0.5, "so it is", usage=Usage(2, 100, 10))

    async def aclose(self):
        """Nothing is open."""


class Pairwise:
    fingerprint = "pair-1"
    repeats = 1

    def __init__(self):
        self.asked = []

    async def compare(self, question, answers, references=(), *, repeat=0):
        self.asked.append((question, answers, references))
        return Score("pairwise", 1.0, None, 0.1, "better", usage=Usage(2), positions=(1, 2))

    async def aclose(self):
        """Nothing is open."""


def row(system, query, answer="Paris", documents=("d0", "d1"), failure=None):
    found = [{"id": name, "score": 1.0, "norm": 1.0} for name in documents]
    made = {"system": system, "query_id": query, "documents": found, "answer": answer, "seconds": 0.1}
    return (system, query), made | ({"failure": failure} if failure else {})


def two(**changes):
    """Two systems that agree on q0 and q2, and differ on q1."""
    rows = [row(s, q) for q in ("q0", "q2") for s in ("cosine", "dot")]
    rows += [row("cosine", "q1"), row("dot", "q1", "1815", ("d1", "d2"))]
    return dict(rows) | changes


@pytest.fixture(scope="module")
def free():
    return JudgeFreeMetrics()


@pytest.fixture
def score(free, tmp_path):
    def run(rows, judge=None, **options):
        found = score_run(
            rows,
            dataset=DATASET,
            metrics=free,
            judge=judge,
            judged=Rows(tmp_path / "judged.jsonl"),
            context_k=options.pop("context_k", 2),
            progress=lambda *_: None,
            **options,
        )
        json.dumps(found, allow_nan=False)
        return {(r["system"], r["query_id"], r["measure"]): r for r in found}

    return run


def test_every_system_has_a_row_for_each_measure_that_any_has_for_the_query(score):
    rows = two() | dict([row("dot", "q0", None), row("dot", "q1", None, failure="it is tired")])
    found = score(rows, Judge(), pairwise=Pairwise())
    for system, query, measure in found:
        other = "dot" if system == "cosine" else "cosine"
        assert (other, query, measure) in found
    for r in found.values():
        assert (r["value"] is None) == bool(r["reason"])
    assert found["dot", "q0", "squad_f1"]["reason"] == "this system has nothing to measure here"
    assert found["dot", "q1", "squad_f1"]["reason"] == "no answer: it is tired"


def test_a_query_without_judgements_has_no_retrieval_measures_and_one_without_gold_answers_no_overlap(score):
    found = score(two(), Judge())
    measures = {measure for _, query, measure in found if query == "q2"}
    assert measures == {"faithfulness"}
    assert found["cosine", "q0", "nDCG@10"]["value"] == 1
    assert found["dot", "q1", "squad_em"]["value"] == 1


def test_what_a_metric_looks_at_is_judged_once_and_paid_for_by_one_row(score):
    judge = Judge()
    found = score(two(), judge)
    assert len([a for a in judge.asked if a[0] == "faithfulness"]) == 4  # q0, q2 and both of q1
    owner, sharer = found["cosine", "q0", "faithfulness"], found["dot", "q0", "faithfulness"]
    assert owner["usage"]["calls"] == 2
    assert "shared" not in owner
    assert sharer["shared"] is True
    assert "usage" not in sharer
    assert owner["explanation"] == sharer["explanation"] == "so it is"
    assert owner["judge"] == "judge-1"
    assert found["cosine", "q0", "nDCG@10"]["judge"] is None


def test_another_answer_from_the_same_contexts_is_not_judged_again_by_what_sees_contexts_alone(score):
    judge = Judge()
    score(dict([row("cosine", "q0"), row("dot", "q0", "Rome")]), judge)
    assert [name for name, _, _ in judge.asked].count("llm_context_recall") == 1
    assert [name for name, _, _ in judge.asked].count("faithfulness") == 2


def test_an_answer_that_failed_is_missing_from_what_looks_at_it_and_not_from_what_does_not(score):
    rows = dict([row("cosine", "q0"), row("dot", "q0", None, failure="it is tired")])
    found = score(rows, Judge(), pairwise=Pairwise())
    assert found["dot", "q0", "faithfulness"]["reason"] == "no answer: it is tired"
    assert found["dot", "q0", "llm_context_recall"]["value"] == 0
    assert found["dot", "q0", "pairwise"]["reason"] == "no answer: it is tired"
    assert found["cosine", "q0", "pairwise"]["value"] == 0.5


def test_repeats_are_asked_for_and_reported_one_by_one(score):
    judge = Judge(repeats=3)
    found = score(two(), judge)["cosine", "q0", "faithfulness"]
    assert found["repeats"] == (0.0, 0.25, 0.5)
    assert found["value"] == 0.25
    assert found["spread"] == pytest.approx(0.25)
    assert found["usage"]["calls"] == 6
    more = Judge(repeats=4)
    score(two(), more)
    assert {repeat for _, _, repeat in more.asked} == {3}


def test_a_baseline_is_worth_half_of_itself_and_a_candidate_what_the_judge_says(score):
    pairwise = Pairwise()
    found = score(two(), pairwise=pairwise)
    assert {found["cosine", q, "pairwise"]["value"] for q in ("q0", "q1", "q2")} == {0.5}
    assert found["dot", "q1", "pairwise"]["value"] == 1
    assert found["dot", "q1", "pairwise"]["positions"] == (1, 2)
    assert ("When?", ("1815", "Paris"), ("1815",)) in pairwise.asked


def test_where_the_baseline_has_no_answer_nobody_is_compared_with_it(score):
    rows = dict([row("cosine", "q0", None, failure="it is tired"), row("dot", "q0")])
    found = score(rows, pairwise=Pairwise())
    assert found["dot", "q0", "pairwise"]["reason"] == "no answer of the baseline: it is tired"
    assert found["cosine", "q0", "pairwise"]["reason"] == "no answer: it is tired"


def test_the_judge_is_shown_the_contexts_that_the_system_took_cut_as_it_was_shown_them(score):
    judge = Judge()
    score(
        two(),
        judge,
        context_k={"cosine": 1, "dot": 2},
        shown=lambda system, question, contexts: [f"{system}:{text[:4]}" for text in contexts],
    )
    shown = {sample.contexts for _, sample, _ in judge.asked}
    assert shown == {("cosine:text",), ("dot:text", "dot:text")}


def test_answers_to_some_of_the_questions_alone_are_judged_where_that_is_asked_for(score):
    judge = Judge()
    rows = score(two(), judge=judge, judged_queries={"q1"})
    assert {sample.question for _, sample, _ in judge.asked} == {"When?"}
    assert {row["query_id"] for row in rows.values() if row["judge"]} == {"q1"}


def test_a_run_without_answers_is_not_judged(score):
    judge = Judge()
    found = score(dict([row("cosine", "q0", None), row("dot", "q0", None)]), judge, pairwise=Pairwise())
    assert judge.asked == []
    assert {METRICS[measure].kind for _, _, measure in found} == {"retrieval"}


def test_a_document_that_the_dataset_has_not_is_named(score):
    with pytest.raises(BenchmarkError, match="'dot' retrieved a document 'd9' that dataset 'cities' has not"):
        score(dict([row("dot", "q0", documents=("d0", "d9"))]))


def test_a_judge_can_be_asked_where_an_event_loop_runs_already(score):
    async def notebook():
        return score(two(), Judge())

    assert asyncio.run(notebook())["cosine", "q0", "faithfulness"]["value"] == 0

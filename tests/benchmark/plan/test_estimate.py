"""What a plan takes at most, counted by hand on a set of eight documents and questions."""

from __future__ import annotations

import pytest

from norm_aware.benchmark.judging.calls import planned_calls
from norm_aware.benchmark.judging.check import REPEATS
from norm_aware.benchmark.llms.model_spec import CONCURRENCY
from norm_aware.benchmark.plan.describe import describe
from norm_aware.benchmark.plan.estimate import (
    CHARACTERS_PER_TOKEN,
    READ_PER_SECOND,
    SECONDS_A_CALL,
    WRITTEN_PER_SECOND,
    estimate,
)
from norm_aware.benchmark.plan.plan import Plan
from norm_aware.errors import BenchmarkError
from tests.benchmark.test_collect import DATASET, WORDS

SMALL = {"model": "small", "base_url": "http://127.0.0.1:1/v1", "requests_per_minute": 30, "temperature": 1}
PRICE = {"prompt": 2, "completion": 10}
BIG = {"model": "big", "api_key_env": "AN_ABSENT_KEY", "price": PRICE, "temperature": 1}
LLMS = {"small": SMALL, "big": BIG}
JUDGED = {"judge": {"model": "big", "repeats": 2}, "metrics": ["faithfulness", "llm_context_precision"]}


def taken(plan):
    return estimate(plan, DATASET, plan.build_systems())


def test_calls_are_those_of_every_question_system_repeat_and_judge():
    plan = Plan(systems=["cosine", "dot"], llms=LLMS, answer_repeats=2, defaults={"k": 4}, **JUDGED)
    found = taken(plan)
    assert (found.queries, found.answered, found.documents) == (8, 8, 8)
    assert {(w.what, w.llm): w.calls for w in found.work} == {
        ("answers", "small"): 2 * 8 * 3,
        ("faithfulness", "big"): 2 * 8 * 2 * 2,
        ("llm_context_precision", "big"): 2 * 8 * 4 * 2,
        ("check of the judge", "big"): len(planned_calls(REPEATS)),
    }
    assert found.calls == sum(work.calls for work in found.work)


def test_a_judge_that_is_not_checked_or_judges_few_questions_costs_as_much_less():
    judge = {**JUDGED["judge"], "check": "none", "limit": 3}
    found = taken(Plan(systems=["cosine", "dot"], llms=LLMS, **{**JUDGED, "judge": judge}))
    assert {w.what: w.calls for w in found.work if w.llm == "big"} == {
        "faithfulness": 2 * 3 * 2 * 2,
        "llm_context_precision": 2 * 3 * 3 * 2,
    }


def test_systems_that_cannot_differ_share_their_answers():
    alike = ["cosine", {"name": "again", "retriever": "document_power=0"}]
    other = {"name": "other", "retriever": "cosine", "k": 2}
    assert taken(Plan(systems=alike, llms=LLMS)).calls == 8
    assert taken(Plan(systems=[*alike, other], llms=LLMS)).calls == 16


def test_tokens_are_those_of_the_texts_and_no_prompt_exceeds_its_budget():
    plan = Plan(systems=["cosine"], llms=LLMS, answer_tokens=10, defaults={"k": 2})
    (work,) = taken(plan).work
    (system,) = plan.build_systems()
    mean = sum(len(document.content) for document in DATASET.documents) / len(WORDS)
    texts = len(system.prompt.system) + len(system.prompt.user) + 2 * mean
    characters = sum(texts + len(query.text) for query in DATASET.queries)
    assert work.prompt_tokens == pytest.approx(characters / CHARACTERS_PER_TOKEN, abs=len(WORDS))
    assert work.completion_tokens == 8 * 10
    short = plan.model_copy(update={"context_budget": 100})
    assert taken(short).work[0].prompt_tokens == 8 * 100 / CHARACTERS_PER_TOKEN


def test_time_comes_from_a_rate_that_is_slower_than_the_calls_and_money_from_the_price():
    found = taken(Plan(systems=["cosine", "dot"], llms=LLMS, **JUDGED))
    answers, *verdicts = found.work
    assert (answers.seconds, answers.cost) == (16 / 30 * 60, None)
    assert {work.seconds for work in verdicts} == {w.calls * SECONDS_A_CALL / CONCURRENCY for w in verdicts}
    priced = sum(2 * work.prompt_tokens + 10 * work.completion_tokens for work in verdicts) / 1e6
    assert found.cost == pytest.approx(priced)
    assert found.seconds == pytest.approx(sum(work.seconds for work in found.work))
    assert (taken(Plan(systems=["cosine"])).cost, taken(Plan(systems=["cosine"])).seconds) == (None, 0)


def test_a_model_served_here_takes_as_long_as_it_reads_and_writes():
    (work,) = taken(Plan(systems=["cosine"], llms={"here": "smollm2"})).work
    expected = work.prompt_tokens / READ_PER_SECOND + work.completion_tokens / WRITTEN_PER_SECOND
    assert work.seconds == pytest.approx(expected)


def test_no_answers_no_check_of_their_judge():
    found = taken(Plan(systems=["cosine"], llms=LLMS, answer_limit=0, **JUDGED))
    assert found.work == ()


def test_limits_bound_what_is_asked_and_what_is_answered():
    found = taken(Plan(systems=["cosine"], llms=LLMS, limit=5, answer_limit=3))
    assert (found.queries, found.answered, found.calls) == (5, 3, 3)
    assert taken(Plan(systems=["cosine"], llms=LLMS, answers=False)).work == ()


def test_a_metric_that_lacks_what_it_needs_is_refused_before_anything_is_spent():
    plan = Plan(systems=["cosine"], llms=LLMS, metrics=["faithfulness"])
    with pytest.raises(BenchmarkError, match="no judge was given"):
        taken(plan)
    with pytest.raises(BenchmarkError, match="did you mean 'faithfulness'"):
        taken(plan.model_copy(update={"metrics": ("faithfullness",)}))


def test_the_text_says_who_answers_what_is_asked_and_which_key_is_not_set(monkeypatch, tmp_path):
    monkeypatch.delenv("AN_ABSENT_KEY", raising=False)
    systems = ["cosine", {"retriever": "hybrid", "reranker": "dot", "exact": False, "llm": "big", "k": 7}]
    plan = Plan(systems=systems, llms=LLMS, judge="big", allow_same_judge=True, gate=["nDCG@10 >= 0.4"])
    text = describe(plan, taken(plan), tmp_path)
    for told in (
        "8 questions, 8 of them answered",
        "baseline  cosine: cosine answered by small from 3",
        "candidate hybrid, dot: hybrid through its index then dot over 50 answered by big from 7",
        "key from AN_ABSENT_KEY (not set)",
        "30 calls a minute",
        "judge big, once an answer",
        "gate nDCG@10 >= 0.4",
        "answers by small: 8 calls",
        "by their prices",
        "about 0:04:42",
        str(tmp_path),
    ):
        assert told in text
    plain = Plan(systems=["dot"])
    assert "No model is asked." in describe(plain, taken(plain), tmp_path)

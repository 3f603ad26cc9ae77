"""The blind judge: a win counts where both orders agree, and nobody is named."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.metrics.pairwise import PairwiseJudge, position_bias, same_answer
from norm_aware.errors import BenchmarkError
from tests.benchmark.fake_openai import FakeOpenAI, completion

KEY = "sk-very-secret-0123456789"
PAIR = ("It is in Paris.", "It is in Rome.")


class Opinionated(FakeOpenAI):
    """Prefers what its rule says of the two answers it is shown."""

    def __init__(self, rule):
        super().__init__()
        self.rule = rule

    def respond(self, body, key):
        self.requests.append(body)
        self.keys.append(key)
        shown = body["messages"][-1]["content"]
        first = shown.partition("Answer 1: ")[2].partition("\n\nAnswer 2: ")
        answers = first[0], first[2].partition("\n\nWhich answer")[0]
        said = {"better": self.rule(*answers), "reason": "so it is"}
        return 200, json.dumps(completion(json.dumps(said)))


def compare(rule, answers=PAIR, references=("Paris",), **options):
    with Opinionated(rule) as fake:
        judge = PairwiseJudge(LLMConfig("judge", fake.base_url, SecretStr(KEY)), **options)

        async def ask():
            try:
                return await judge.compare("Where is the Louvre?", answers, references)
            finally:
                await judge.aclose()

        return asyncio.run(ask()), fake


def the_right(first, second):
    return "1" if "Paris" in first else "2"


def the_wrong(first, second):
    return "2" if "Paris" in first else "1"


@pytest.mark.parametrize(
    ("rule", "value", "positions"),
    [
        (the_right, 1.0, (1, 2)),
        (the_wrong, 0.0, (2, 1)),
        (lambda *_: "1", 0.5, (1, 1)),
        (lambda *_: "2", 0.5, (2, 2)),
        (lambda *_: "tie", 0.5, (0, 0)),
        (lambda first, _: "1" if "Paris" in first else "tie", 0.5, (1, 0)),
    ],
)
def test_a_win_counts_where_both_orders_agree_and_all_else_is_a_tie(rule, value, positions):
    score, fake = compare(rule)
    assert (score.measure, score.value, score.positions) == ("pairwise", value, positions)
    assert (score.usage.calls, len(fake.requests)) == (2, 2)


def test_swapping_candidate_and_baseline_swaps_the_verdict():
    for rule in (the_right, the_wrong, lambda *_: "1"):
        assert compare(rule)[0].value + compare(rule, PAIR[::-1])[0].value == 1


def test_the_judge_sees_both_answers_and_the_gold_ones_and_no_name_of_a_system():
    _, fake = compare(the_right, references=("Paris", "the capital of France"))
    for request in fake.requests:
        text = json.dumps(request["messages"])
        assert "A correct answer: Paris / the capital of France" in text
        assert all(answer in text for answer in PAIR)
        assert not any(word in text.lower() for word in ("baseline", "candidate", "cosine", "system a"))
    assert "A correct answer" not in json.dumps(compare(the_right, references=())[1].requests)


def test_the_same_answer_is_a_tie_without_a_call():
    score, fake = compare(the_right, ("in  Paris", "in Paris "))
    assert (score.value, score.usage, fake.requests) == (0.5, None, [])
    assert same_answer("a", "a\n")
    assert not same_answer("a", "A")


def test_the_judges_words_say_which_answer_each_order_preferred():
    assert compare(lambda *_: "1")[0].explanation.splitlines() == [
        "candidate first: candidate / so it is",
        "baseline first: baseline / so it is",
    ]
    assert "baseline first: neither" in compare(lambda *_: "tie")[0].explanation


def test_a_failure_is_a_reason_without_the_key_and_no_half_verdict():
    def once(first, second):
        if "Paris" in first:
            return "1"
        raise RuntimeError

    with FakeOpenAI("failing") as fake:
        judge = PairwiseJudge(LLMConfig("judge", fake.base_url, SecretStr(KEY), max_retries=0))

        async def ask():
            try:
                return await judge.compare("Where?", PAIR)
            finally:
                await judge.aclose()

        score = asyncio.run(ask())
    assert (score.value, score.positions) == (None, ())
    assert score.reason.startswith(f"judge at {fake.base_url} answered HTTP 500")
    assert KEY not in score.reason


def test_the_fingerprint_tells_judges_apart_and_repeats_need_a_temperature():
    config = LLMConfig("judge", "http://127.0.0.1:1/v1", temperature=0.7)
    assert PairwiseJudge(config).fingerprint == PairwiseJudge(config, repeats=3).fingerprint
    assert PairwiseJudge(config).fingerprint != PairwiseJudge(replace(config, model="x")).fingerprint
    with pytest.raises(BenchmarkError, match="at temperature 0"):
        PairwiseJudge(replace(config, temperature=0.0), repeats=2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 2]))))
def test_position_bias_counts_each_pair_once_at_most(positions):
    bias = position_bias([*positions, ()])
    assert bias.pairs == len(positions)
    assert bias.agreed + bias.ties + bias.first + bias.second <= bias.pairs
    assert bias.share is None or 0 <= bias.share <= 1
    swapped = position_bias([(b, a) for a, b in positions])
    assert (swapped.agreed, swapped.first, swapped.second) == (bias.agreed, bias.first, bias.second)


def test_a_judge_that_always_prefers_the_first_is_all_bias():
    assert position_bias([(1, 1)] * 4).share == 1
    assert position_bias([(1, 2)] * 4).share == 0
    assert position_bias([]).share is None

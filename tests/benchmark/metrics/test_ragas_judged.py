"""RAGAS's judged metrics: every call ends in a finite number or in a reason, and the key is in neither."""

import asyncio
import json
import logging
import math
from dataclasses import replace

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.ragas_judged import JUDGE_TOKENS, JudgedMetrics
from norm_aware.errors import BenchmarkError, LLMError
from tests.benchmark.fake_openai import SLOW, FakeOpenAI
from tests.benchmark.metrics.samples import SAMPLE, embed

KEY = "sk-very-secret-0123456789"
JUDGED = [name for name, m in METRICS.items() if m.kind == "judged" and name != "pairwise"]
NOTHING = replace(SAMPLE, contexts=(), context_ids=())


async def ask(metrics, sample, repeat=0):
    """The score of every metric that applies, by name."""
    try:
        names = [name for name in metrics.names if metrics.applies(name, sample)]
        scores = await asyncio.gather(*(metrics.judge(name, sample, repeat=repeat) for name in names))
        return dict(zip(names, scores, strict=True))
    finally:
        await metrics.aclose()


def judge(mode, sample=SAMPLE, *, answers=embed, repeat=0, names=METRICS, **options):
    """Scores of a sample by a fake judge, and the judge."""
    ours = ("timeout", "concurrency", "repeats", "reasons")
    changes = {name: options.pop(name) for name in list(options) if name not in ours}
    with FakeOpenAI(mode) as fake:
        config = LLMConfig("judge", fake.base_url, SecretStr(KEY), **{"max_retries": 0, **changes})
        metrics = JudgedMetrics(config, answers, names=names, **options)
        return asyncio.run(ask(metrics, sample, repeat)), fake


def values(scores):
    return {name: score.value for name, score in scores.items()}


def test_a_judge_that_agrees_with_everything_gives_full_marks_but_to_what_it_calls_evasive():
    scores, fake = judge("ok")
    assert {score.reason for score in scores.values()} == {None}
    # "1" also says that the answer is noncommittal, for which RAGAS gives no relevancy
    assert values(scores) == {name: pytest.approx(float(name != "answer_relevancy")) for name in JUDGED}
    assert {request["max_tokens"] for request in fake.requests} == {JUDGE_TOKENS}
    assert {request["temperature"] for request in fake.requests} == {0.0}
    assert set(fake.keys) == {KEY}


def test_a_judge_that_agrees_with_nothing_gives_none_and_finds_errors_in_no_useful_document():
    full = ("answer_relevancy", "context_entity_recall", "noise_robustness")
    # every question it makes up is the one that was asked, every entity the same
    assert values(judge("zero")[0]) == {name: pytest.approx(float(name in full)) for name in JUDGED}


def test_robustness_to_noise_is_1_less_ragas_sensitivity():
    with FakeOpenAI("ok") as fake:
        respond = fake.respond

        def against_the_gold_answer(body, key):
            """Agrees with the contexts, not with the gold answer: an error taken from a useful document."""
            asked = body["messages"][-1]["content"].rpartition("input: ")[2]
            fake.mode = "zero" if '"context": "in Paris"' in asked else "ok"
            return respond(body, key)

        fake.respond = against_the_gold_answer
        metrics = JudgedMetrics(LLMConfig("judge", fake.base_url), embed, names=["noise_robustness"])
        assert values(asyncio.run(ask(metrics, SAMPLE))) == {"noise_robustness": 0}


def test_no_more_calls_are_made_than_the_table_of_metrics_says_and_each_is_counted():
    scores, fake = judge("ok", temperature=0.7)
    for name, score in scores.items():
        assert score.usage.calls == METRICS[name].judge_calls(len(SAMPLE.contexts)), name
        assert score.usage.prompt_tokens == score.usage.calls  # the fake counts one token for each
    assert sum(score.usage.calls for score in scores.values()) == len(fake.requests)


def test_at_temperature_0_the_same_question_is_not_asked_twice_and_above_it_with_another_seed():
    _, fake = judge("ok", names=["answer_relevancy"])
    assert len(fake.requests) == 1
    _, fake = judge("ok", names=["answer_relevancy"], temperature=0.7)
    assert len({request["seed"] for request in fake.requests}) == len(fake.requests) == 3


def test_each_repeat_has_seeds_of_its_own():
    seeds = [
        {r["seed"] for r in judge("ok", temperature=0.7, repeats=3, repeat=n)[1].requests} for n in range(3)
    ]
    assert seeds[0].isdisjoint(seeds[1] | seeds[2])
    assert seeds[1].isdisjoint(seeds[2])


def test_repeats_at_temperature_0_are_refused_since_they_would_say_the_same():
    with pytest.raises(BenchmarkError, match="3 times at temperature 0.*give it a temperature above 0"):
        JudgedMetrics(LLMConfig("judge", "http://127.0.0.1:1/v1"), embed, repeats=3)
    with pytest.raises(BenchmarkError, match="asked 0 times; at least once"):
        JudgedMetrics(LLMConfig("judge", "http://127.0.0.1:1/v1"), embed, repeats=0)


def test_correctness_is_held_against_the_closest_reference_and_contexts_against_the_first():
    _, fake = judge("ok")
    prompts = [request["messages"][-1]["content"].rpartition("nput: ")[2] for request in fake.requests]
    decomposed = [p for p in prompts if '"atomicity"' in p]
    assert ["The Louvre is in Paris." in prompt for prompt in decomposed] == [True]  # both are the same
    graded = [p for p in prompts if '"reference_answer"' in p]
    assert all("The Louvre is in Paris." in prompt for prompt in graded)
    of_contexts = [p for p in prompts if '"context"' in p and '"answer"' in p]
    assert len(of_contexts) == 3
    assert all('"in Paris"' in prompt for prompt in of_contexts)


def test_without_references_only_what_needs_none_is_judged():
    found, _ = judge("ok", replace(SAMPLE, references=()))
    assert set(found) == {"faithfulness", "answer_relevancy"}


def test_only_the_chosen_are_asked_for_and_the_usual_ones_where_none_were_chosen():
    assert set(judge("ok", names=["answer_accuracy", "rouge_l"])[0]) == {"answer_accuracy"}
    usual = {name for name in JUDGED if METRICS[name].default}
    assert set(JudgedMetrics(LLMConfig("judge", "http://127.0.0.1:1/v1"), embed).names) == usual


def test_without_an_encoder_relevancy_alone_is_left_out():
    usual = {name for name in JUDGED if METRICS[name].default}
    names = JudgedMetrics(LLMConfig("judge", "http://127.0.0.1:1/v1"), None).names
    assert usual - set(names) == {"answer_relevancy"}


def test_retrieving_nothing_leaves_no_statement_to_support_and_no_useful_context():
    scores, fake = judge("ok", NOTHING)
    for name in ("llm_context_precision", "llm_context_recall", "context_entity_recall"):
        assert (scores[name].value, scores[name].usage.calls) == (0, 0)
    for name in ("faithfulness", "noise_robustness"):
        assert scores[name].value is None
        assert "retrieved_contexts is missing" in scores[name].reason
    assert fake.requests


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("failing", "judge at {url} answered HTTP 500: it broke, and your key is ***"),
        ("refusing", "judge at {url} refused the API key (HTTP 401); give it a valid one."),
        ("malformed", "judge at {url} answered with something that is no chat completion"),
        ("off_schema", "judge at {url} did not answer with a JSON object of the schema it was given"),
        ("no_text", "judge at {url} did not answer with a JSON object of the schema it was given"),
        ("cut", f"judge at {{url}} was cut off after {JUDGE_TOKENS} tokens"),
        ("wild", "judge at {url} did not answer with a JSON object of the schema it was given"),
    ],
)
def test_every_failure_is_a_score_with_a_one_line_reason_without_the_key(mode, words, caplog, capfd):
    caplog.set_level(logging.INFO)
    scores, fake = judge(mode)
    assert list(scores) == JUDGED
    free_text = ("context_entity_recall",) if mode == "wild" else ()  # it has no number to be wild with
    for name, score in scores.items():
        if name in free_text:
            continue
        assert score.value is None
        assert score.reason.startswith(words.format(url=fake.base_url))
        assert "\n" not in score.reason
    shown = capfd.readouterr()
    reasons = "".join(score.reason or "" for score in scores.values())
    assert KEY not in reasons + caplog.text + shown.out + shown.err


@pytest.mark.parametrize("mode", ["busy", "schemaless", "formless", "clumsy"])
def test_a_judge_that_is_busy_once_or_knows_no_schema_or_is_clumsy_is_understood_all_the_same(mode):
    scores, _ = judge(mode, max_retries=1)
    assert {score.reason for score in scores.values()} == {None}


def test_a_grading_that_failed_is_not_made_up_for_by_the_other():
    with FakeOpenAI("ok") as fake:
        respond = fake.respond
        fake.respond = lambda *request: respond(*request) if not fake.requests else (500, "{}")
        config = LLMConfig("judge", fake.base_url, max_retries=0)
        found = asyncio.run(ask(JudgedMetrics(config, embed, names=["answer_accuracy"]), SAMPLE))
    assert found["answer_accuracy"].value is None
    assert "answered HTTP 500" in found["answer_accuracy"].reason


def test_a_judge_explains_itself_statement_by_statement_where_it_is_asked_for_reasons():
    scores, fake = judge("ok")
    said = "Where is the Louvre?"  # all that the fake says
    assert scores["faithfulness"].explanation == f"yes: {said} / {said}"
    assert scores["answer_relevancy"].explanation == f"would answer: {said} (the answer is evasive)"
    assert scores["answer_accuracy"].explanation == "rating: 4 of 4\nrating: 4 of 4"
    assert scores["context_entity_recall"].explanation == f"entities: {said}\nentities: {said}"
    assert all(score.explanation for score in scores.values())
    assert any('"reason"' in json.dumps(r["response_format"]) for r in fake.requests)
    terse, fake = judge("ok", reasons=False)
    assert values(terse) == values(scores)
    assert terse["faithfulness"].explanation == f"yes: {said}"
    assert not any('"reason"' in json.dumps(r["response_format"]) for r in fake.requests)


def test_a_slow_judge_is_given_up_after_the_time_of_one_metric():
    scores, _ = judge("slow", timeout=0.1, names=["faithfulness", "answer_accuracy"])
    assert {score.reason for score in scores.values()} == {"timeout after 0.1 s"}
    assert all(0.05 < score.seconds < SLOW for score in scores.values())


def test_an_embedding_that_fails_fails_only_the_metric_that_needs_it():
    def broken(texts):
        raise RuntimeError(f"no embedding today, says {KEY}")

    scores, _ = judge("ok", answers=broken)
    failed = [name for name, score in scores.items() if score.value is None]
    assert failed == ["answer_relevancy"]
    assert "RuntimeError: no embedding today, says ***" in scores["answer_relevancy"].reason


def test_no_more_metrics_are_judged_at_once_than_allowed_in_one_loop_after_another():
    with FakeOpenAI("ok", delay=0.02) as fake:
        metrics = JudgedMetrics(LLMConfig("judge", fake.base_url), embed, concurrency=2)
        for _ in range(2):
            scores = asyncio.run(ask(metrics, SAMPLE))
            assert {score.reason for score in scores.values()} == {None}
    assert fake.peak == 2


def test_the_fingerprint_tells_judges_apart_but_neither_their_keys_nor_how_often_they_are_asked():
    config = LLMConfig("judge", "http://127.0.0.1:1/v1", temperature=0.5)
    same = JudgedMetrics(config, embed).fingerprint
    assert JudgedMetrics(replace(config, api_key=SecretStr(KEY)), embed, timeout=1).fingerprint == same
    assert JudgedMetrics(config, embed, repeats=3).fingerprint == same
    others = [
        JudgedMetrics(replace(config, model="other"), embed),
        JudgedMetrics(replace(config, temperature=1.0), embed),
        JudgedMetrics(config, embed, embed_name="letters"),
        JudgedMetrics(config, embed, reasons=False),
    ]
    assert len({same, *(other.fingerprint for other in others)}) == 5


def test_a_judge_without_its_key_is_an_error_at_once(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LLMError, match="needs an API key"):
        JudgedMetrics(LLMConfig("gpt-4o-mini"), embed)


def test_every_value_is_finite_or_has_a_reason_for_texts_of_any_kind():
    for answer in (" ", "?", "x" * 2000):
        scores, _ = judge("ok", replace(SAMPLE, answer=answer))
        for score in scores.values():
            assert (score.value is None) == (score.reason is not None)
            assert score.value is None or math.isfinite(score.value)

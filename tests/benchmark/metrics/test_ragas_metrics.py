"""RAGAS's metrics: every call ends in a finite number or in a reason, and the key is in neither."""

import asyncio
import logging
import math
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.llm import LLMConfig
from norm_aware.benchmark.metrics.ragas_metrics import (
    DESCRIPTIONS,
    JUDGE_TOKENS,
    JudgedMetrics,
    JudgeFreeMetrics,
)
from norm_aware.benchmark.metrics.score import Sample
from norm_aware.errors import LLMError, MissingExtraError
from tests.benchmark.fake_openai import SLOW, FakeOpenAI

KEY = "sk-very-secret-0123456789"
JUDGED = [name for name, (kind, _) in DESCRIPTIONS.items() if kind == "judged"]
SAMPLE = Sample(
    question="Where is the Louvre?",
    answer="The Louvre is in Paris.",
    contexts=("The Louvre stands in Paris.", "Bees have five eyes."),
    context_ids=("d1", "d2"),
    references=("in Paris", "The Louvre is in Paris."),
    relevant_ids=("d1", "d3", "d4"),
)


def embed(texts):
    """Letter counts: unnormalised, and alike for texts alike."""
    return np.array([[text.lower().count(letter) for letter in "aeiouprstn"] for text in texts], dtype=float)


@pytest.fixture(scope="module")
def metrics():
    return JudgeFreeMetrics(embed)


def values(scores):
    return {score.measure: score.value for score in scores}


def judge(mode, sample=SAMPLE, *, answers=embed, **options):
    """Scores of a sample by a fake judge, and the judge."""
    changes = {name: options.pop(name) for name in list(options) if name not in ("timeout", "concurrency")}
    with FakeOpenAI(mode) as fake:
        config = LLMConfig("judge", fake.base_url, SecretStr(KEY), **{"max_retries": 0, **changes})
        return asyncio.run(JudgedMetrics(config, answers, **options).score(sample)), fake


def test_context_metrics_compare_ids(metrics):
    found = values(metrics.score(SAMPLE))
    assert found["context_precision_id"] == 1 / 2
    assert found["context_recall_id"] == 1 / 3


def test_retrieving_nothing_scores_0_and_not_undefined(metrics):
    found = values(metrics.score(replace(SAMPLE, contexts=(), context_ids=())))
    assert (found["context_precision_id"], found["context_recall_id"]) == (0, 0)


def test_answer_metrics_take_the_best_reference(metrics):
    both = values(metrics.score(SAMPLE))
    first = values(metrics.score(replace(SAMPLE, references=SAMPLE.references[:1])))
    for measure in ("exact_match", "string_similarity", "rouge_l", "semantic_similarity"):
        assert both[measure] == pytest.approx(1)
        assert first[measure] < 1
    assert first["rouge_l"] == pytest.approx(2 * 1 * 0.4 / 1.4)  # "in paris" of "the louvre is in paris"
    assert first["string_similarity"] == pytest.approx(8 / 23)  # 15 of 23 characters to remove
    a, b = embed(["The Louvre is in Paris.", "in Paris"])
    assert first["semantic_similarity"] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_gold_answer_that_stands_in_a_longer_one_is_present(metrics):
    long = replace(SAMPLE, answer="I think the Louvre is in Paris, France.", references=("in Paris",))
    assert values(metrics.score(long))["string_presence"] == 1
    assert values(metrics.score(replace(long, references=("in Rome",))))["string_presence"] == 0


def test_what_a_sample_lacks_yields_no_rows(metrics):
    of_answer = set(values(metrics.score(replace(SAMPLE, relevant_ids=()))))
    assert of_answer == {
        "exact_match",
        "string_presence",
        "string_similarity",
        "rouge_l",
        "semantic_similarity",
    }
    of_contexts = set(values(metrics.score(replace(SAMPLE, references=()))))
    assert of_contexts == {"context_precision_id", "context_recall_id"}
    assert metrics.score(replace(SAMPLE, references=(), relevant_ids=())) == []
    assert "semantic_similarity" not in values(JudgeFreeMetrics().score(SAMPLE))


def test_an_embedding_without_a_direction_is_a_reason_and_not_a_nan(metrics):
    (score,) = [s for s in metrics.score(replace(SAMPLE, answer="?")) if s.measure == "semantic_similarity"]
    assert score.value is None
    assert "the embedding of '?' has no direction" in score.reason


def test_a_text_that_occurs_again_is_not_embedded_again():
    seen = []
    metrics = JudgeFreeMetrics(lambda texts: (seen.extend(texts), embed(texts))[1])
    metrics.score(SAMPLE)
    metrics.score(replace(SAMPLE, question="Which city has the Louvre?"))
    assert sorted(seen) == sorted({SAMPLE.answer, *SAMPLE.references})


def test_judge_free_metrics_work_where_a_loop_runs_already(metrics):
    async def in_a_loop():
        return values(metrics.score(SAMPLE))

    assert asyncio.run(in_a_loop())["exact_match"] == 1


def test_every_measure_is_described_and_every_description_is_measured(metrics):
    scores, _ = judge("ok")
    measured = {score.measure for score in [*metrics.score(SAMPLE), *scores]}
    assert measured == set(DESCRIPTIONS)
    assert {kind for kind, _ in DESCRIPTIONS.values()} == {"retrieval", "answer", "judged"}


def test_a_judge_that_agrees_with_everything_gives_full_marks():
    scores, fake = judge("ok")
    found = values(scores)
    assert [score.reason for score in scores] == [None] * 5
    # "1" also says that the answer is noncommittal, for which RAGAS gives no relevancy
    assert found == {name: pytest.approx(float(name != "answer_relevancy")) for name in JUDGED}
    assert {request["max_tokens"] for request in fake.requests} == {JUDGE_TOKENS}
    assert {request["temperature"] for request in fake.requests} == {0.0}
    assert set(fake.keys) == {KEY}


def test_a_judge_that_agrees_with_nothing_gives_none():
    found = values(judge("zero")[0])
    # every question it makes up is the one that was asked
    assert found == {name: pytest.approx(float(name == "answer_relevancy")) for name in JUDGED}


def test_correctness_is_held_against_the_closest_reference_and_contexts_against_the_first():
    _, fake = judge("ok")
    prompts = [request["messages"][-1]["content"].rpartition("Input: ")[2] for request in fake.requests]
    decomposed = [p for p in prompts if '"atomicity"' in p]
    assert ["The Louvre is in Paris." in prompt for prompt in decomposed] == [True, True]
    of_contexts = [p for p in prompts if '"context"' in p and '"answer"' in p]
    assert len(of_contexts) == 3
    assert all('"in Paris"' in prompt for prompt in of_contexts)


def test_without_references_only_what_needs_none_is_judged():
    found = values(judge("ok", replace(SAMPLE, references=()))[0])
    assert set(found) == {"faithfulness", "answer_relevancy"}


def test_retrieving_nothing_leaves_no_statement_to_support_and_no_useful_context():
    scores, _ = judge("ok", replace(SAMPLE, contexts=(), context_ids=()))
    found = values(scores)
    assert (found["llm_context_precision"], found["llm_context_recall"]) == (0, 0)
    assert found["faithfulness"] is None
    assert "retrieved_contexts is missing" in scores[0].reason


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("failing", "judge at {url} answered HTTP 500: it broke, and your key is ***"),
        ("refusing", "judge at {url} refused the API key (HTTP 401); give it a valid one."),
        ("malformed", "judge at {url} answered with something that is no chat completion"),
        ("off_schema", "judge at {url} did not answer in the form that RAGAS asks for"),
        ("no_text", "judge at {url} did not answer in the form that RAGAS asks for"),
        ("no_choice", "judge at {url} failed with IndexError"),
    ],
)
def test_every_failure_is_a_row_with_a_one_line_reason_without_the_key(mode, words, caplog, capfd):
    caplog.set_level(logging.INFO)
    scores, fake = judge(mode)
    assert [score.measure for score in scores] == JUDGED
    for score in scores:
        assert score.value is None
        assert score.reason.startswith(words.format(url=fake.base_url))
        assert "\n" not in score.reason
    shown = capfd.readouterr()
    assert KEY not in "".join(score.reason for score in scores) + caplog.text + shown.out + shown.err


def test_a_judge_that_is_busy_once_is_asked_again():
    scores, _ = judge("busy", max_retries=1)
    assert [score.reason for score in scores] == [None] * 5


def test_a_verdict_outside_its_range_is_no_score():
    scores = {score.measure: score for score in judge("wild")[0]}
    assert scores["llm_context_precision"].value is None
    assert scores["llm_context_precision"].reason == "RAGAS returned 7, which is not between 0 and 1"


def test_a_slow_judge_is_given_up_after_the_time_of_one_metric():
    scores, _ = judge("slow", timeout=0.1)
    assert [score.reason for score in scores] == ["timeout after 0.1 s"] * 5
    assert all(0.05 < score.seconds < SLOW for score in scores)


def test_a_slow_request_is_given_up_after_the_time_of_one_request():
    with FakeOpenAI("slow") as fake:
        config = LLMConfig("judge", fake.base_url, timeout=0.1, max_retries=0)
        scores = asyncio.run(JudgedMetrics(config, embed).score(SAMPLE))
    assert {score.reason for score in scores} == {f"judge at {fake.base_url} did not answer within 0.1 s."}


def test_an_embedding_that_fails_fails_only_the_metric_that_needs_it():
    def broken(texts):
        raise RuntimeError(f"no embedding today, says {KEY}")

    scores, _ = judge("ok", answers=broken)
    failed = [score for score in scores if score.value is None]
    assert [score.measure for score in failed] == ["answer_relevancy"]
    assert "RuntimeError: no embedding today, says ***" in failed[0].reason


def test_no_more_samples_are_judged_at_once_than_allowed_in_one_loop_after_another():
    with FakeOpenAI("ok") as fake:
        metrics = JudgedMetrics(LLMConfig("judge", fake.base_url), embed, concurrency=2)
        at_once, most = 0, 0
        respond, lock = fake.respond, threading.Lock()

        def counted(*request):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.02)
            with lock:
                at_once -= 1
            return respond(*request)

        fake.respond = counted

        async def judge_all():
            return await asyncio.gather(*(metrics.score(SAMPLE) for _ in range(4)))

        for _ in range(2):
            scores = asyncio.run(judge_all())
            assert [s.reason for of_sample in scores for s in of_sample] == [None] * 20
    assert most == 2


def test_the_fingerprint_tells_judges_apart_but_not_their_keys():
    config = LLMConfig("judge", "http://127.0.0.1:1/v1")
    same = JudgedMetrics(config, embed).fingerprint
    assert JudgedMetrics(replace(config, api_key=SecretStr(KEY)), embed, timeout=1).fingerprint == same
    others = [
        JudgedMetrics(replace(config, model="other"), embed),
        JudgedMetrics(replace(config, temperature=1.0), embed),
        JudgedMetrics(config, embed, embed_name="letters"),
    ]
    assert len({same, *(other.fingerprint for other in others)}) == 4


def test_a_judge_without_its_key_is_an_error_at_once(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LLMError, match="needs an API key"):
        JudgedMetrics(LLMConfig("gpt-4o-mini"), embed)


@pytest.mark.parametrize("package", ["ragas", "rapidfuzz", "rouge_score"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package}.*norm-aware\[benchmark\]"):
        JudgeFreeMetrics()


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)


def test_a_langchain_that_ragas_does_not_work_with_names_the_one_that_does():
    done = run("""
import sys
sys.modules["langchain_community.chat_models.vertexai"] = None
from norm_aware.benchmark.metrics.ragas_metrics import JudgeFreeMetrics
JudgeFreeMetrics()
""")
    assert done.stderr.rstrip().endswith("install langchain-community==0.4.1 with pip.")
    assert "MissingExtraError" in done.stderr


def test_importing_this_file_imports_neither_ragas_nor_openai_and_using_it_reports_nothing_home():
    done = run("""
import sys
from norm_aware.benchmark.metrics.ragas_metrics import JudgeFreeMetrics
print([name for name in ("ragas", "openai", "langchain") if name in sys.modules])
JudgeFreeMetrics()
from ragas._analytics import do_not_track
print(do_not_track())
""")
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
    assert done.stderr == ""


def test_values_are_finite_whatever_the_texts(metrics):
    for answer in ("", " ", "ß\N{BLACK QUESTION MARK ORNAMENT}", "x" * 5000):
        for score in metrics.score(replace(SAMPLE, answer=answer, references=("", "Paris"))):
            assert (score.value is None) == (score.reason is not None)
            assert score.value is None or math.isfinite(score.value)

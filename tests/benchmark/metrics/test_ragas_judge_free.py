"""Metrics without a judge: every call ends in a finite number or in a reason."""

import asyncio
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics
from tests.benchmark.metrics.samples import SAMPLE, embed

WORDS = {"exact_match", "string_presence", "string_similarity", "rouge_l", "semantic_similarity"}
BY_ID = {"context_precision_id", "context_recall_id"}


@pytest.fixture(scope="module")
def metrics():
    return JudgeFreeMetrics(embed)


def values(scores):
    return {score.measure: score.value for score in scores}


def test_context_metrics_compare_ids(metrics):
    found = values(metrics.score(SAMPLE))
    assert found["context_precision_id"] == 1 / 2
    assert found["context_recall_id"] == pytest.approx(1 / 3, abs=1e-6)


def test_retrieving_nothing_scores_0_and_not_undefined(metrics):
    found = values(metrics.score(replace(SAMPLE, contexts=(), context_ids=())))
    assert (found["context_precision_id"], found["context_recall_id"]) == (0, 0)


def test_answer_metrics_take_the_best_reference(metrics):
    both = values(metrics.score(SAMPLE))
    first = values(metrics.score(replace(SAMPLE, references=SAMPLE.references[:1])))
    for measure in ("exact_match", "string_similarity", "rouge_l", "semantic_similarity"):
        assert both[measure] == pytest.approx(1)
        assert first[measure] < 1
    assert first["rouge_l"] == pytest.approx(2 * 1 * 0.4 / 1.4, abs=1e-6)  # 2 of 5 words
    assert first["string_similarity"] == pytest.approx(8 / 23, abs=1e-6)  # 15 of 23 characters to remove
    a, b = embed(["The Louvre is in Paris.", "in Paris"])
    assert first["semantic_similarity"] == pytest.approx(
        a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6
    )


def test_a_gold_answer_that_stands_in_a_longer_one_is_present(metrics):
    long = replace(SAMPLE, answer="I think the Louvre is in Paris, France.", references=("in Paris",))
    assert values(metrics.score(long))["string_presence"] == 1
    assert values(metrics.score(replace(long, references=("in Rome",))))["string_presence"] == 0


def test_what_a_sample_lacks_yields_no_rows(metrics):
    assert set(values(metrics.score(replace(SAMPLE, relevant_ids=())))) == WORDS
    assert set(values(metrics.score(replace(SAMPLE, references=())))) == BY_ID
    assert metrics.score(replace(SAMPLE, references=(), relevant_ids=())) == []
    assert "semantic_similarity" not in values(JudgeFreeMetrics().score(SAMPLE))


def test_only_the_chosen_are_measured_and_names_of_others_are_overlooked():
    chosen = JudgeFreeMetrics(embed, names=["chrf", "bleu", "rouge_l", "faithfulness"])
    assert set(chosen.names) == set(values(chosen.score(SAMPLE))) == {"chrf", "bleu", "rouge_l"}
    everything = JudgeFreeMetrics(embed, names=METRICS)
    assert set(values(everything.score(SAMPLE))) == WORDS | BY_ID | {"bleu", "chrf"}
    assert values(everything.score(SAMPLE))["chrf"] == pytest.approx(1)


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


def test_values_are_finite_whatever_the_texts():
    metrics = JudgeFreeMetrics(embed, names=METRICS)
    for answer in ("", " ", "ß\N{BLACK QUESTION MARK ORNAMENT}", "x" * 5000):
        for score in metrics.score(replace(SAMPLE, answer=answer, references=("", "Paris"))):
            assert (score.value is None) == (score.reason is not None)
            assert score.value is None or math.isfinite(score.value)


def test_importing_this_file_imports_neither_ragas_nor_openai_and_using_it_reports_nothing_home():
    program = """
import sys
from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics
from norm_aware.benchmark.metrics.ragas_judged import JudgedMetrics
print([name for name in ("ragas", "openai", "langchain", "sacrebleu") if name in sys.modules])
JudgeFreeMetrics()
from ragas._analytics import do_not_track
print(do_not_track())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
    assert done.stderr == ""

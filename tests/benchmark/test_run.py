"""The whole benchmark on a small dataset: real encoder, real Qdrant, RAGAS's own metrics."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics
from norm_aware.benchmark.metrics.score import Score
from norm_aware.benchmark.models import Models, ModelSpec, open_models
from norm_aware.benchmark.norms import norm_distribution
from norm_aware.benchmark.report.render import render
from norm_aware.benchmark.report.schema import read_results
from norm_aware.benchmark.run import run_benchmark
from norm_aware.benchmark.systems.system import parse_systems
from norm_aware.errors import BenchmarkError, LLMError
from tests.benchmark.fake_openai import FakeOpenAI
from tests.benchmark.test_collect import DATASET, SYSTEMS, Speaker


class Judge:
    """Finds every second sample faithful and cannot judge the question about snow."""

    fingerprint = "judge-1"
    names = ("faithfulness",)
    repeats = 1

    def __init__(self) -> None:
        self.judged = 0

    def applies(self, name, sample):
        return True

    async def judge(self, name, sample, *, repeat=0):
        self.judged += 1
        if "snow" in sample.question:
            return Score(name, None, "timeout after 1 s")
        return Score(name, float(self.judged % 2), None, 0.1)

    async def aclose(self):
        """Nothing is open."""


@pytest.fixture
def models(static) -> Models:
    return Models(static, JudgeFreeMetrics(), Speaker(), Judge())


def test_a_run_leaves_its_files_and_the_results_agree_with_them(models, tmp_path):
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "weather", models=models, context_k=2)
    out = tmp_path / "weather"
    assert json.loads((out / "results.json").read_text()) == json.loads(json.dumps(results))
    assert "<html" in (out / "report.html").read_text()
    assert (out / "report.html").read_bytes() == render(read_results(out)).encode()
    assert results["schema_version"] == 2
    assert results["baseline"] == "cosine"
    assert set(results["systems"]) == {"cosine", "dot"}
    scores = [json.loads(line) for line in (out / "scores.jsonl").read_text().splitlines()]
    for system, means in results["systems"].items():
        for measure, mean in means.items():
            values = [
                row["value"] for row in scores
                if (row["system"], row["measure"]) == (system, measure) and row["value"] is not None
            ]  # fmt: skip
            assert mean == pytest.approx(sum(values) / len(values))
    keys = {
        "baseline",
        "candidate",
        "measure",
        "difference",
        "low",
        "high",
        "p",
        "p_adjusted",
        "effect_size",
        "n",
    }
    for comparison in results["comparisons"]:
        assert keys | {"missing_baseline", "missing_candidate"} <= set(comparison)
        measure = comparison["measure"]
        if comparison["n"] == len(DATASET.queries):
            difference = results["systems"]["dot"][measure] - results["systems"]["cosine"][measure]
            assert comparison["difference"] == pytest.approx(difference)


def test_a_judges_failure_is_counted_on_its_own_side_and_listed_with_its_reason(models, tmp_path):
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    (faithful,) = [c for c in results["comparisons"] if c["measure"] == "faithfulness"]
    assert (faithful["n"], faithful["missing_baseline"], faithful["missing_candidate"]) == (7, 1, 1)
    assert {(f["system"], f["query_id"], f["measure"], f["reason"]) for f in results["failures"]} == {
        (system, "q1", "faithfulness", "timeout after 1 s") for system in ("cosine", "dot")
    }


def test_an_answer_that_failed_is_missing_from_answer_measures_and_not_from_retrieval(
    models, tmp_path, static
):
    failing = Models(static, JudgeFreeMetrics(), Speaker(failing="snow"), Judge())
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=failing, context_k=2)
    by = {c["measure"]: c for c in results["comparisons"]}
    assert by["nDCG@10"]["n"] == 8
    for measure in ("squad_f1", "rouge_l", "exact_match", "faithfulness"):
        assert (by[measure]["n"], by[measure]["missing_baseline"], by[measure]["missing_candidate"]) == (
            7,
            1,
            1,
        )
    assert {(f["measure"], f["reason"]) for f in results["failures"]} == {("answer", "it is tired")}


def test_a_second_run_asks_nobody_but_what_had_failed(models, tmp_path):
    run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    asked, judged = len(models.llm.asked), models.judge.judged
    again = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    assert len(models.llm.asked) == asked
    assert models.judge.judged - judged <= 2
    assert again["systems"]["cosine"]["nDCG@10"] is not None


def test_the_same_answer_from_the_same_contexts_is_judged_once(models, tmp_path):
    run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    assert models.judge.judged == len(models.llm.asked)


def test_a_folder_with_a_run_of_another_configuration_is_refused_by_what_differs(models, tmp_path):
    run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    with pytest.raises(BenchmarkError, match=r"seed was 0 and is 1.*choose another --out"):
        run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, seed=1)
    with pytest.raises(BenchmarkError, match="context_k is 0"):
        run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=0)


def test_a_limit_asks_so_many_queries_and_a_larger_one_goes_on(models, tmp_path):
    first = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, limit=3)
    assert first["dataset"]["queries"] == len(first["queries"]) == 3
    asked = len(models.llm.asked)
    second = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, limit=5)
    assert {q["query_id"] for q in first["queries"]} < {q["query_id"] for q in second["queries"]}
    assert len(models.llm.asked) - asked <= 4


def test_questions_beyond_the_answer_limit_are_retrieved_and_not_answered(models, tmp_path):
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, answer_limit=3)
    by = {c["measure"]: c for c in results["comparisons"]}
    assert (by["nDCG@10"]["n"], by["squad_f1"]["n"], by["squad_f1"]["missing_baseline"]) == (8, 3, 0)
    assert len(models.llm.asked) <= 6
    asked = len(models.llm.asked)
    run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    assert 0 < len(models.llm.asked) - asked <= 10


def test_the_same_run_gives_the_same_figures(models, tmp_path, static):
    found = [
        run_benchmark(
            DATASET,
            SYSTEMS,
            tmp_path / name,
            models=Models(static, JudgeFreeMetrics(), Speaker()),
            context_k=2,
        )
        for name in ("one", "two")
    ]
    assert found[0]["systems"] == found[1]["systems"]
    assert found[0]["comparisons"] == found[1]["comparisons"]


def test_norms_of_relevant_documents_are_told_from_the_others():
    norms = {document.id: 1.0 + i for i, document in enumerate(DATASET.documents)}
    found = norm_distribution(DATASET, {"q7": ("d7",), "q6": ("d6",)}, norms)
    assert (found["mean_relevant"], found["mean_other"]) == (7.5, 3.5)
    assert sum(found["relevant"]) == 2
    assert sum(found["other"]) == 6
    assert found["cohens_d"] > 2
    assert found["length_correlation"] > 0.9
    constant = norm_distribution(DATASET, {"q7": ("d7",)}, dict.fromkeys(norms, 2.0))
    assert (constant["cohens_d"], constant["length_correlation"], constant["cv"]) == (None, None, 0.0)


def test_models_open_from_their_names_and_no_key_reaches_the_notes(static):
    from pydantic import SecretStr

    with FakeOpenAI() as server:
        spec = ModelSpec("gpt", server.base_url, SecretStr("sk-secret"))
        judge = ModelSpec("judge", server.base_url, SecretStr("sk-secret"))
        names = ("rouge_l", "faithfulness", "pairwise")
        with open_models(static, llm=spec, judge=judge, metrics=names) as (models, notes):
            assert models.llm is not None
            assert models.llm.answer("Where?", ["Paris"]) == "Paris"
            assert models.judge is not None
            assert (notes["llm"], notes["judge"]) == ("gpt", "judge")
            assert (models.metrics.names, models.judge.names) == (("rouge_l",), ("faithfulness",))
            assert models.pairwise is not None
            assert "sk-secret" not in repr(notes) + repr(models)


def test_a_failure_is_shared_like_an_answer_so_that_no_system_gets_a_second_try(tmp_path, static):
    class Flaky(Speaker):
        def answer(self, question, contexts):
            self.asked.append((question, tuple(contexts)))
            if len(self.asked) % 2:
                raise LLMError("busy")
            return "an answer"

    models = Models(static, JudgeFreeMetrics(), Flaky())
    twins = parse_systems(["cosine", "document_normalized"])
    results = run_benchmark(DATASET, twins, tmp_path / "run", models=models, context_k=2)
    by = {c["measure"]: c for c in results["comparisons"]}
    assert by["squad_f1"]["missing_baseline"] == by["squad_f1"]["missing_candidate"] == 4
    assert by["squad_f1"]["n"] == 4


def test_answers_of_an_earlier_run_beyond_the_limit_are_not_compared(models, tmp_path):
    run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    less = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, answer_limit=3)
    assert {c["measure"]: c["n"] for c in less["comparisons"]}["squad_f1"] == 3
    with pytest.raises(BenchmarkError, match="answer_limit is -1"):
        run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, answer_limit=-1)


def test_norms_are_those_of_all_judged_queries_however_few_are_asked(models, tmp_path):
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2, limit=2)
    assert sum(results["norms"]["relevant"]) == len(DATASET.queries)


def test_a_judge_can_be_asked_where_an_event_loop_runs_already(models, tmp_path):
    async def notebook():
        return run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)

    assert "faithfulness" in asyncio.run(notebook())["measures"]


def test_results_that_lack_a_part_are_refused_and_not_a_stack_trace(models, tmp_path):
    results = run_benchmark(DATASET, SYSTEMS, tmp_path / "run", models=models, context_k=2)
    del results["comparisons"][0]["low"]
    with pytest.raises(BenchmarkError, match=r"at comparisons\[0\]: .low. is a required property"):
        render(results)


def test_a_system_may_not_have_the_name_that_the_judges_costs_have(models, tmp_path):
    systems = (SYSTEMS[0], replace(SYSTEMS[1], name="judge"))
    with pytest.raises(BenchmarkError, match=r"A system is named 'judge'.*another name"):
        run_benchmark(DATASET, systems, tmp_path / "run", models=models)
    assert not (tmp_path / "run").exists()

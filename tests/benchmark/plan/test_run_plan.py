"""Plans that are run: against a real endpoint, over a real index, changed, repeated and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from norm_aware.benchmark.plan.estimate import estimate
from norm_aware.benchmark.plan.plan import Plan, read_plan
from norm_aware.benchmark.plan.run_plan import run_plan
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.errors import BenchmarkError, PlanError
from tests.benchmark.fake_openai import FakeOpenAI
from tests.benchmark.test_collect import DATASET, WORDS


@pytest.fixture
def server():
    with FakeOpenAI(text="It falls.") as server:
        yield server


@pytest.fixture
def source(static):
    """An encoder that counts how often it is loaded."""

    def load():
        source.loaded += 1
        return static

    def source():
        return Encoder(load, source="static")

    source.loaded = 0
    return source


def planned(server, out, systems=("cosine", "dot", "bm25"), **values):
    llms = {"small": {"model": "small", "base_url": server.base_url}} | values.pop("llms", {})
    return Plan(systems=list(systems), llms=llms, out=out, defaults={"k": 2}, **values)


def asked(server, plan, source):
    """The results of a plan, and how many requests it took."""
    before = len(server.requests)
    results = run_plan(plan, dataset=DATASET, encoder=source())
    return results, len(server.requests) - before


def test_a_plan_is_run_within_its_estimate_and_stands_in_the_results(server, source, tmp_path):
    plan = planned(server, tmp_path / "run", systems=["cosine", "dot", "bm25", "stock"])
    results, calls = asked(server, plan, source)
    most = estimate(plan, DATASET, plan.build_systems())
    assert 0 < calls <= most.calls == 4 * len(WORDS)
    assert list(results["systems"]) == ["cosine", "dot", "bm25", "stock"]
    assert results["systems"]["bm25"]["nDCG@10"] == 1.0
    assert results["systems"]["stock"]["nDCG@10"] == results["systems"]["cosine"]["nDCG@10"]
    kept = results.get("plan") or results["configuration"]["plan"]
    assert kept == json.loads(json.dumps(plan.resolved()))


def test_a_plan_that_has_not_changed_asks_loads_and_opens_nothing(server, source, tmp_path):
    plan = planned(server, tmp_path / "run")
    first, _ = asked(server, plan, source)
    assert source.loaded == 1
    (tmp_path / "run" / "index").rename(tmp_path / "elsewhere")
    second, calls = asked(server, plan, source)
    assert (calls, source.loaded) == (0, 1)
    assert not (tmp_path / "run" / "index").exists()
    assert first["comparisons"] == second["comparisons"]


def test_a_changed_system_costs_what_is_new_about_it_and_changing_it_back_nothing(server, source, tmp_path):
    asked(server, planned(server, tmp_path / "run"), source)
    words = len(WORDS)
    for changed, most in (
        ({"name": "dot", "retriever": "dot", "reranker": "document_power=3"}, words),
        ({"name": "dot", "retriever": "dot", "k": 1}, words),
        ({"name": "dot", "retriever": "dot", "prompt": {"system": "Be brief."}}, words),
        ("dot", 0),
    ):
        lines = (tmp_path / "run" / "run.jsonl").read_text().count("\n")
        _, calls = asked(server, planned(server, tmp_path / "run", ["cosine", changed, "bm25"]), source)
        assert calls <= most
        assert calls > 0 or most == 0 or "reranker" in changed
        assert (tmp_path / "run" / "run.jsonl").read_text().count("\n") - lines <= words


def test_systems_between_are_scored_and_priced_and_not_compared(server, source, tmp_path):
    reranked = {"name": "reranked", "retriever": "dot", "reranker": "cosine"}
    plan = planned(server, tmp_path / "run", ["cosine", reranked], attribution=True)
    results, _ = asked(server, plan, source)
    assert list(results["systems"]) == ["cosine", "reranked"]
    steps = results["attribution"]["reranked"]["steps"]["nDCG@10"]
    assert [step["step"] for step in steps] == ["retrieval", "reranker"]
    total = results["systems"]["reranked"]["nDCG@10"] - results["systems"]["cosine"]["nDCG@10"]
    assert sum(step["difference"] for step in steps) == pytest.approx(total)
    between = set(results["costs"]) - {"cosine", "reranked"}
    assert len(between) == 1
    assert {row["baseline"] for row in results["comparisons"]} == {"cosine"}
    assert not between & {row["candidate"] for row in results["comparisons"]}


def test_the_comparison_is_made_as_the_plan_says(server, source, tmp_path):
    for margin, outcome in ((2.0, "equivalent"), (0.0001, None)):
        plan = planned(
            server, tmp_path / "run", answers=False, compare={"correction": "fdr", "margin": margin}
        )
        results, _ = asked(server, plan, source)
        rows = [row for row in results["comparisons"] if row["equivalence"] is not None]
        assert {row["correction"] for row in results["comparisons"]} == {"fdr"}
        assert {row["equivalence"]["margin"] for row in rows} == {margin}
        assert outcome is None or {row["equivalence"]["outcome"] for row in rows} == {outcome}


def test_each_system_asks_the_model_it_names(server, source, tmp_path):
    other = {"other": {"model": "other", "base_url": server.base_url}}
    systems = ["cosine", {"name": "twin", "retriever": "cosine", "llm": "other"}]
    results, calls = asked(server, planned(server, tmp_path / "run", systems, llms=other), source)
    assert calls == 2 * len(WORDS)
    assert {request["model"] for request in server.requests} == {"small", "other"}
    (ndcg,) = [c for c in results["comparisons"] if c["measure"] == "nDCG@10"]
    assert ndcg["difference"] == 0


def test_a_key_comes_from_its_variable_and_stands_nowhere_else(server, source, tmp_path, monkeypatch):
    keyed = {"small": {"model": "small", "base_url": server.base_url, "api_key_env": "A_KEY_OF_MINE"}}
    plan = planned(server, tmp_path / "run", llms=keyed, limit=1)
    monkeypatch.delenv("A_KEY_OF_MINE", raising=False)
    with pytest.raises(PlanError, match="the environment variable A_KEY_OF_MINE, which is not set"):
        run_plan(plan, dataset=DATASET, encoder=source())
    monkeypatch.setenv("A_KEY_OF_MINE", "sk-very-secret")
    asked(server, plan, source)
    assert set(server.keys) == {"sk-very-secret"}
    for file in (tmp_path / "run").rglob("*.json*"):
        assert "sk-very-secret" not in file.read_text()
    assert "sk-very-secret" not in (tmp_path / "run" / "report.html").read_text()


def test_an_encoder_that_is_no_longer_what_it_was_is_refused(static, source, server, tmp_path):
    plan = planned(server, tmp_path / "run", answers=False)
    asked(server, plan, source)

    class Other:
        def __call__(self):
            return static.model_copy(update={"fingerprint": "another"})

    changed = plan.model_copy(update={"systems": Plan(systems=["query_normalized"]).systems})
    with pytest.raises(BenchmarkError, match="has fingerprint another, and this run was made with"):
        run_plan(changed, dataset=DATASET, encoder=Encoder(Other(), source="static"))
    with pytest.raises(BenchmarkError, match="encoder_fingerprint was"):
        run_plan(changed, dataset=DATASET, encoder=Encoder(Other()))


def test_metrics_that_lack_what_they_need_are_refused_before_anything_is_spent(server, source, tmp_path):
    plan = planned(server, tmp_path / "run", metrics=["faithfulness"])
    with pytest.raises(BenchmarkError, match="no judge was given"):
        run_plan(plan, dataset=DATASET, encoder=source())
    assert (server.requests, source.loaded) == ([], 0)


def test_a_plan_killed_on_the_command_line_goes_on_and_asks_no_question_twice(tmp_path):
    folder = tmp_path / "weather"
    folder.mkdir()
    for name, rows in {
        "corpus": [{"_id": d.id, "title": d.title, "text": d.text} for d in DATASET.documents],
        "queries": [{"_id": q.id, "text": q.text, "answers": q.answers} for q in DATASET.queries],
    }.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    judged = "".join(f"{q}\t{d}\t1\n" for q, grades in DATASET.qrels.items() for d in grades)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    with FakeOpenAI(text="It falls.", delay=0.2) as server:
        path = tmp_path / "plan.yaml"
        path.write_text(
            "dataset: weather\nout: run\nsystems: [cosine, {retriever: dot, k: 1}]\n"
            f"llms: {{small: {{model: small, base_url: {server.base_url!r}, concurrency: 1}}}}\n"
        )
        command = [sys.executable, "-m", "norm_aware.cli", "benchmark", str(path)]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 240
        while len(server.requests) < 6 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        killed = len(server.requests)
        assert 6 <= killed < 16
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert "answers by small: 16 calls" in done.stdout
        # only what was in flight, or answered and not yet written, is asked again
        assert len(server.requests) <= 16 + 2
        questions = [json.dumps(request["messages"]) for request in server.requests]
        assert len(set(questions)) == 16
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert set(results["systems"]) == {"cosine", "dot"}
    assert all(found["answer"] for query in results["queries"] for found in query["systems"].values())
    assert read_plan(path).systems[1].k == 1

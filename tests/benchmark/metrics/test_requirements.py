"""Metrics by name: what each needs is checked before anything is spent."""

import pytest

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.requirements import judge_calls, require_metrics
from norm_aware.errors import BenchmarkError

DOCUMENT = Document("d", "Paris", "The Louvre is in Paris.")
BARE = Dataset("bare", (DOCUMENT,), (Query("q", "Where is the Louvre?", ()),), {"q": {}})
FULL = Dataset("full", (DOCUMENT,), (Query("q", "Where is the Louvre?", ("Paris",)),), {"q": {"d": 1}})
ALL = {"answers": True, "judge": True, "embeddings": True, "systems": 2}


def test_everything_may_be_measured_where_everything_is_there():
    assert require_metrics(METRICS, FULL, **ALL) == tuple(METRICS)


def test_where_nothing_is_chosen_the_usual_ones_that_can_be_are_measured():
    assert set(require_metrics(None, FULL, **ALL)) == {n for n, m in METRICS.items() if m.default}
    assert require_metrics(None, BARE, **ALL) == ("faithfulness", "answer_relevancy")
    retrieval = require_metrics(None, FULL, answers=False, judge=False, embeddings=False)
    assert {METRICS[name].kind for name in retrieval} == {"retrieval"}


def test_default_among_the_names_adds_the_usual_ones():
    usual = require_metrics(None, FULL, **ALL)
    assert set(require_metrics(["default", "pairwise"], FULL, **ALL)) == {*usual, "pairwise"}


def test_what_costs_nothing_is_measured_beside_what_was_chosen():
    found = require_metrics(["faithfulness"], FULL, **ALL)
    assert found == ("nDCG@10", "RR@10", "R@5", "R@100", "squad_em", "squad_f1", "faithfulness")


@pytest.mark.parametrize(
    ("name", "dataset", "lacks", "words"),
    [
        ("nDCG@10", BARE, {}, "nDCG@10: the dataset judges no document; add qrels"),
        ("rouge_l", BARE, {}, "rouge_l: the dataset has no gold answers; add `answers`"),
        ("rouge_l", FULL, {"answers": False}, "rouge_l: no model answers; give one with --llm"),
        ("faithfulness", FULL, {"judge": False}, "faithfulness: no judge was given; give one with --judge"),
        ("semantic_similarity", FULL, {"embeddings": False}, "no second encoder is installed"),
        ("pairwise", FULL, {"systems": 1}, "pairwise: there is one system; name a second"),
        ("llm_context_recall", BARE, {"judge": False}, "no gold answers; .*; no judge was given"),
    ],
)
def test_a_named_metric_that_lacks_something_says_what_and_what_to_do(name, dataset, lacks, words):
    with pytest.raises(BenchmarkError, match=words):
        require_metrics([name], dataset, **{**ALL, **lacks})


def test_all_that_is_missing_is_said_at_once():
    with pytest.raises(BenchmarkError, match=r"rouge_l: .*faithfulness: .*leave them out"):
        require_metrics(["faithfulness", "rouge_l"], BARE, answers=True, judge=False)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("faithfullness", "faithfulness"), ("noise_sensitivity", "noise_robustness"), ("ndcg@10", "nDCG@10")],
)
def test_a_name_that_is_none_is_answered_with_the_one_that_was_meant(name, meant):
    with pytest.raises(BenchmarkError, match=f"no metric '{name}'; did you mean '{meant}'"):
        require_metrics([name], FULL, **ALL)


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(BenchmarkError, match="choose from nDCG@10, .*pairwise"):
        require_metrics(["xyzzy"], FULL, **ALL)


def test_the_calls_of_a_plan_are_those_of_its_metrics():
    assert judge_calls(["nDCG@10", "rouge_l"], 3) == 0
    assert judge_calls(METRICS, 3) == sum(metric.judge_calls(3) for metric in METRICS.values())

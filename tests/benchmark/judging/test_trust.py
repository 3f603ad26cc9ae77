"""Trust: which metrics a judge may speak on, and that it is none of the models it judges."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.judging.items import TASKS
from norm_aware.benchmark.judging.trust import (
    RESTS_ON,
    judge_fingerprint,
    require_independent_judge,
    trusted_metrics,
    uninformative_metrics,
)
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.metrics.metric import DESCRIPTIONS
from norm_aware.errors import BenchmarkError

GOOD = {"informative": True, "why": "It is better than chance."}
BAD = {"informative": False, "why": "It says yes to everything."}
JUDGE = LLMConfig("judge-7b", "http://127.0.0.1:1/v1")


def test_every_judged_metric_rests_on_tasks_that_are_checked():
    judged = {name for name, (kind, _) in DESCRIPTIONS.items() if kind == "judged"}
    assert judged <= set(RESTS_ON)
    assert {task for tasks in RESTS_ON.values() for task in tasks} == {*TASKS, "comparison"}


def test_only_a_check_that_was_made_speaks_against_a_metric():
    check = {"metrics": trusted_metrics({**dict.fromkeys(TASKS, GOOD), "comparison": BAD})}
    assert uninformative_metrics({"check": check}) == {"pairwise": BAD["why"]}
    assert uninformative_metrics(None) == uninformative_metrics({"model": "m", "check": None}) == {}


@pytest.mark.parametrize("lacking", RESTS_ON)
def test_a_check_speaks_against_a_metric_that_it_does_not_cover(lacking):
    metrics = trusted_metrics({**dict.fromkeys(TASKS, GOOD), "comparison": GOOD})
    del metrics[lacking]
    found = uninformative_metrics({"check": {"metrics": metrics}})
    assert found == {lacking: "The check of the judge does not cover it."}


@pytest.mark.parametrize("bad", [*TASKS, "comparison"])
def test_a_metric_is_trusted_only_where_all_its_tasks_are(bad):
    tasks = {task: BAD if task == bad else GOOD for task in (*TASKS, "comparison")}
    for metric, found in trusted_metrics(tasks).items():
        assert found["informative"] is (bad not in RESTS_ON[metric])
        assert found["why"] == BAD["why"] if bad in RESTS_ON[metric] else GOOD["why"] in found["why"]


def test_a_task_that_was_not_checked_is_not_trusted():
    found = trusted_metrics({"support": GOOD})
    assert found["faithfulness"]["informative"]
    assert not found["factual_correctness"]["informative"]
    assert "not checked on correctness" in found["factual_correctness"]["why"]


def test_a_judges_fingerprint_is_of_weights_or_endpoint_and_temperature():
    same = [replace(JUDGE, max_tokens=9), replace(JUDGE, seed=3), replace(JUDGE, api_key=SecretStr("k"))]
    assert {judge_fingerprint(config) for config in same} == {judge_fingerprint(JUDGE)}
    others = [
        replace(JUDGE, temperature=0.5),
        replace(JUDGE, model="judge-8b"),
        replace(JUDGE, base_url="http://127.0.0.1:2/v1"),
        replace(JUDGE, weights="abc"),
    ]
    assert len({judge_fingerprint(config) for config in [JUDGE, *others]}) == 5


def test_the_same_weights_are_the_same_judge_wherever_they_are_served():
    first, second = replace(JUDGE, weights="abc"), LLMConfig("copy", "http://127.0.0.1:9/v1", weights="abc")
    assert judge_fingerprint(first) == judge_fingerprint(second)


@pytest.mark.parametrize(
    "answerer",
    [
        JUDGE,
        replace(JUDGE, temperature=1.0, max_tokens=7),
        replace(JUDGE, base_url="http://elsewhere.example/v1"),
        replace(JUDGE, model="Judge-7B"),
    ],
)
def test_a_model_may_not_judge_its_own_answers_unless_insisted_on(answerer):
    with pytest.raises(BenchmarkError, match="same model"):
        require_independent_judge(JUDGE, [replace(JUDGE, model="other"), answerer])
    require_independent_judge(JUDGE, [answerer], allow=True)


def test_another_model_may_judge():
    require_independent_judge(JUDGE, [])
    require_independent_judge(JUDGE, [replace(JUDGE, model="other")])
    one, other = (replace(JUDGE, model="model.gguf", weights=digest) for digest in ("abc", "def"))
    require_independent_judge(one, [other])

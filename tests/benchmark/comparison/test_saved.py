from __future__ import annotations

import pytest

from norm_aware.benchmark.comparison.saved import saved_clusters, saved_relevant, saved_values
from tests.benchmark.comparison.made import make_run


def test_a_value_that_is_missing_is_there_as_none_and_one_never_asked_is_not():
    run = make_run(questions=3, missing=1)
    del run["queries"][1]["systems"]["dot"]["measures"]["nDCG@10"]
    values = saved_values(run, "dot", "nDCG@10")
    assert values["q000"] is None
    assert set(values) == {"q000", "q002"}
    assert saved_relevant(run) == {"q000": ["d0"], "q001": ["d1"], "q002": ["d2"]}


@pytest.mark.parametrize("plan", [None, {}, {"compare": {}}, {"compare": {"cluster": True}}])
def test_questions_that_share_documents_are_clusters_unless_the_plan_says_that_they_stand_alone(plan):
    run = {**make_run(questions=4, shared=True), "plan": plan}
    assert saved_clusters(run) == {"q000": 0, "q001": 0, "q002": 1, "q003": 1}
    assert saved_clusters({**run, "plan": {"compare": {"cluster": False}}}) is None

from __future__ import annotations

from norm_aware.benchmark.comparison.saved import saved_relevant, saved_values
from tests.benchmark.comparison.made import make_run


def test_a_value_that_is_missing_is_there_as_none_and_one_never_asked_is_not():
    run = make_run(questions=3, missing=1)
    del run["queries"][1]["systems"]["dot"]["measures"]["nDCG@10"]
    values = saved_values(run, "dot", "nDCG@10")
    assert values["q000"] is None
    assert set(values) == {"q000", "q002"}
    assert saved_relevant(run) == {"q000": ["d0"], "q001": ["d1"], "q002": ["d2"]}

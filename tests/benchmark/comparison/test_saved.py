from __future__ import annotations

import json

import pytest

from norm_aware.benchmark.comparison.saved import read_results, saved_relevant, saved_values
from norm_aware.errors import BenchmarkError
from tests.benchmark.comparison.made import make_run


def test_a_file_and_its_folder_are_the_same_run(tmp_path):
    run = make_run(questions=3)
    (tmp_path / "results.json").write_text(json.dumps(run))
    assert read_results(tmp_path) == read_results(tmp_path / "results.json") == run


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "lacks name, baseline"),
        ('{"name": "a"}', "lacks baseline"),
        ("\xff", "not valid JSON"),
    ],
)
def test_what_is_no_results_file_is_refused(tmp_path, content, message):
    path = tmp_path / "results.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BenchmarkError, match=message):
        read_results(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BenchmarkError, match="There is no .*results.json; run `norm-aware benchmark`"):
        read_results(tmp_path)


def test_a_value_that_is_missing_is_there_as_none_and_one_never_asked_is_not():
    run = make_run(questions=3, missing=1)
    del run["queries"][1]["systems"]["dot"]["measures"]["nDCG@10"]
    values = saved_values(run, "dot", "nDCG@10")
    assert values["q000"] is None
    assert set(values) == {"q000", "q002"}
    assert saved_relevant(run) == {"q000": ["d0"], "q001": ["d1"], "q002": ["d2"]}

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.differences import (
    FEWEST,
    Estimate,
    Resampling,
    common,
    differences,
    estimate,
)
from norm_aware.numeric.mean_interval import mean_interval

COLUMN = np.random.default_rng(0).normal(0.1, 0.2, 30)
BY_QUESTION = {f"q{i:02}": float(value) for i, value in enumerate(COLUMN)}


def test_an_estimate_is_the_mean_with_the_interval_of_the_comparison():
    found = estimate(BY_QUESTION, Resampling(draws=10_000))
    assert found.n == 30
    assert found.difference == pytest.approx(COLUMN.mean())
    expected = mean_interval(COLUMN)
    assert (found.low, found.high) == (expected.low, expected.high)


def test_the_order_of_the_questions_changes_nothing():
    backwards = dict(reversed(BY_QUESTION.items()))
    assert estimate(backwards, Resampling()) == estimate(BY_QUESTION, Resampling())


def test_too_few_questions_have_a_mean_and_no_interval():
    few = dict.fromkeys(list(BY_QUESTION)[: FEWEST - 1], 1.0)
    assert estimate(few, Resampling()) == Estimate(FEWEST - 1, 1.0)
    assert estimate({}, Resampling()).as_row() == {"n": 0, "difference": None, "low": None, "high": None}


def test_questions_of_one_cluster_are_drawn_together():
    five_times = {f"{q}-{i}": value for q, value in BY_QUESTION.items() for i in range(5)}
    clusters = {q: int(q[1:3]) for q in five_times}
    clustered = estimate(five_times, Resampling(clusters=clusters))
    alone = estimate(five_times, Resampling())
    once = estimate(BY_QUESTION, Resampling())
    assert clustered.high - clustered.low == pytest.approx(once.high - once.low, rel=0.1)
    assert clustered.high - clustered.low > 2 * (alone.high - alone.low)


def test_a_handful_of_clusters_is_as_little_as_a_handful_of_questions():
    clusters = {q: i % (FEWEST - 1) for i, q in enumerate(BY_QUESTION)}
    assert estimate(BY_QUESTION, Resampling(clusters=clusters)).low is None


def test_only_questions_with_every_value_are_common():
    values = {
        "a": {"m": {"q1": 1.0, "q2": None, "q3": 0.5, "q4": 0.0}},
        "b": {"m": {"q4": 1.0, "q3": 1.0, "q2": 1.0}},
    }
    assert common(values, ["a", "b"], "m") == ["q3", "q4"]
    assert differences(values, ("a", "b"), "m") == {"q3": 0.5, "q4": 1.0}
    assert differences(values, ("a", "c"), "m") == differences(values, ("a", "b"), "k") == {}


def test_a_question_without_a_cluster_is_one_by_itself_whatever_it_is_called():
    groups = Resampling(clusters={"a": 7, "b": 7}).groups(["a", "7", "b", "c"])
    assert groups.tolist() == [0, 1, 0, 2]
    assert Resampling().groups(["x", "y"]).tolist() == [0, 1]


@given(st.dictionaries(st.text("ab", min_size=1), st.floats(-1, 1), max_size=20))
def test_swapping_the_systems_turns_the_estimate_around(by_question):
    there = estimate(by_question, Resampling(draws=200))
    back = estimate({q: -d for q, d in by_question.items()}, Resampling(draws=200))
    assert back.n == there.n
    if there.low is not None:
        expected = (-there.difference, -there.high, -there.low)
        assert (back.difference, back.low, back.high) == pytest.approx(expected, abs=1e-9)

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from norm_aware.numeric.bca import bca_interval
from norm_aware.numeric.mean_interval import FEW, changed_units, mean_interval, mean_intervals, t_interval


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.05, 0.2, n)


def test_enough_questions_that_differ_have_the_widened_bca_interval():
    values = np.concatenate([normal(FEW), np.zeros(100)])
    assert mean_interval(values) == bca_interval(values, widen=True)


def test_too_few_have_scipys_t_interval_and_the_reason():
    values = np.concatenate([normal(7), np.zeros(93)])
    found = mean_interval(values)
    expected = scipy.stats.t.interval(0.95, 99, loc=values.mean(), scale=scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.method == "t"
    assert found.reason == "7 of 100 questions differ from the others, too few to resample"


def test_a_difference_counts_from_the_most_common_value_whatever_it_is():
    assert changed_units(np.array([[1.0, 0.0], [1.0, 0.5], [0.0, 0.7]])).tolist() == [1, 3]
    assert changed_units(np.array([[1.0], [1.0], [1.0], [0.0], [0.0]]), [0, 0, 1, 1, 1]).tolist() == [1]


def test_few_groups_have_a_t_interval_of_as_many_degrees_of_freedom_less_one():
    values, groups = normal(120), np.repeat(np.arange(12), 10)
    found = mean_interval(values, groups=groups)
    means = values.reshape(12, 10).mean(axis=1)
    expected = scipy.stats.t.interval(0.95, 11, loc=means.mean(), scale=scipy.stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.reason == "12 of 12 groups of questions differ from the others, too few to resample"


def test_equal_differences_keep_their_point_and_a_single_question_has_nothing():
    assert mean_interval([0.2] * 5).method == "percentile"
    assert mean_interval([0.2]).low == -math.inf
    assert mean_interval([0.2, 0.3], groups=[1, 1]).high == math.inf


def test_comparisons_of_every_kind_stand_beside_each_other_as_alone():
    columns = np.stack([normal(80), np.r_[normal(3), np.zeros(77)], np.zeros(80)], axis=1)
    found = mean_intervals(columns)
    assert [interval.method for interval in found] == ["bca", "t", "percentile"]
    for column, interval in zip(columns.T, found, strict=True):
        assert (interval.low, interval.high) == pytest.approx(
            (mean_interval(column).low, mean_interval(column).high)
        )


def test_a_t_interval_widens_with_its_level():
    values = normal(20)
    inner, outer = t_interval(values, level=0.8), t_interval(values, level=0.99)
    assert outer.low < inner.low < values.mean() < inner.high < outer.high

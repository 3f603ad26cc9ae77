from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.numeric.bca import bca_interval, bca_intervals
from norm_aware.numeric.significance import bootstrap_interval


def skewed(n: int = 60, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).exponential(0.2, n) - 0.1


def scipys(values, level=0.95):
    found = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, method="BCa", confidence_level=level,
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    return found.low, found.high


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    "values", [skewed(), skewed(15, 8), np.repeat([0.0, 0.0, 0.0, 1.0, -1.0], 8), skewed() ** 3]
)
def test_the_interval_is_scipys_bca(values, level):
    found = bca_interval(values, level=level, resamples=40_000)
    assert found.method == "bca"
    assert found.reason is None
    assert (found.low, found.high) == pytest.approx(scipys(values, level), abs=0.04 * values.std())


def test_it_leans_to_the_side_of_the_long_tail():
    values = skewed()
    low, high = bootstrap_interval(values)
    found = bca_interval(values)
    assert found.low > low
    assert found.high > high


def test_an_acceleration_over_groups_is_the_jackknife_that_leaves_out_groups():
    values, groups = skewed(), np.repeat(np.arange(15), 4)
    means = values.reshape(15, 4).mean(axis=1)
    found = bca_interval(values, groups=groups, resamples=40_000)
    assert (found.low, found.high) == pytest.approx(scipys(means), abs=0.04 * means.std())


def test_groups_of_unequal_size_are_jackknifed_by_the_ratio_of_sums():
    values, groups = np.array([0.9, 0.0, 0.1, 0.2, 0.1, 0.3]), np.array([0, 1, 1, 1, 2, 2])
    found = bca_interval(values, groups=groups, resamples=20_000, seed=2)
    left = np.array([values[groups != group].mean() for group in range(3)])
    pulls = left.mean() - left
    acceleration = (pulls**3).sum() / (6 * (pulls**2).sum() ** 1.5)
    generator = np.random.default_rng(2)
    drawn = generator.integers(3, size=(20_000, 3))
    sums, sizes = np.array([0.9, 0.3, 0.4]), np.array([1, 3, 2])
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    below = ((means < values.mean() - 1e-9).mean() + (means <= values.mean() + 1e-9).mean()) / 2
    normal, bias = NormalDist(), NormalDist().inv_cdf(below)
    tails = [
        normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        for z in (normal.inv_cdf(0.025), normal.inv_cdf(0.975))
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, tails)))


def test_widened_tails_make_up_for_what_a_small_bootstrap_lacks():
    values = np.random.default_rng(0).normal(size=10)
    plain, wide = bca_interval(values), bca_interval(values, widen=True)
    assert wide.low < plain.low < plain.high < wide.high
    assert wide.high - wide.low == pytest.approx(2 * 2.262 * values.std(ddof=1) / 10**0.5, rel=0.15)


@pytest.mark.parametrize("value", [0.0, -0.25])
def test_differences_that_are_all_equal_have_a_point_and_say_so(value):
    found = bca_interval([value] * 20)
    assert (found.low, found.high, found.method) == (value, value, "percentile")
    assert "all 20 differences are" in found.reason


@pytest.mark.parametrize(("values", "groups"), [([0.3], None), ([0.3, 0.1, 0.2], [5, 5, 5])])
def test_a_single_question_or_group_has_no_interval(values, groups):
    found = bca_interval(values, groups=groups)
    assert (found.low, found.high, found.method) == (-math.inf, math.inf, "none")
    assert found.reason.endswith("says nothing of the spread")


def test_two_values_have_an_interval_between_them():
    found = bca_interval([0.0, 1.0])
    assert (found.low, found.high) == (0.0, 1.0)


def test_one_change_among_many_ties_is_not_lost_in_nan():
    found = bca_interval([0.0] * 99 + [1.0])
    assert 0 <= found.low <= 0.01 <= found.high <= 0.2


def test_a_correction_beyond_the_resamples_falls_back_to_the_percentile_interval_and_says_so():
    found = bca_interval([0.0, 0.0, 0.0, 0.0, 1.0], level=0.9999, widen=True)
    assert found.method == "percentile"
    assert found.reason == "the resampled means are too lopsided for BCa's correction"


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.1, 1.0]), min_size=2, max_size=30),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_no_sample_gives_nan_or_leaves_the_range_of_its_values(values, widen, random):
    groups = [random.randrange(4) for _ in values]
    for of in (None, groups):
        found = bca_interval(values, resamples=200, groups=of, widen=widen)
        assert found.low <= found.high
        assert found.method == "none" or min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_several_comparisons_have_the_intervals_they_have_alone():
    columns = np.stack([skewed(), -skewed(seed=5), np.zeros(60)], axis=1)
    for column, found in zip(columns.T, bca_intervals(columns), strict=True):
        alone = bca_interval(column)
        assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
        assert found.method == alone.method

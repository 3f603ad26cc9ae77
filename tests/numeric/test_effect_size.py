from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from norm_aware.numeric.effect_size import auc, cohens_d, mean_ranks, paired_effect_size

samples = st.lists(st.integers(-5, 5), min_size=1, max_size=20)


def test_cohens_d_is_the_difference_of_means_in_pooled_standard_deviations():
    # by hand: means 4 and 2, both variances 1, pooled standard deviation 1
    assert cohens_d([3, 4, 5], [1, 2, 3]) == pytest.approx(2.0)


def test_cohens_d_weighs_the_variances_by_their_degrees_of_freedom():
    first, second = np.array([1.0, 5.0]), np.array([0.0, 0.0, 0.0, 1.0])
    pooled = math.sqrt((1 * 8.0 + 3 * 0.25) / 4)
    assert cohens_d(first, second) == pytest.approx((3 - 0.25) / pooled)
    assert cohens_d(second, first) == pytest.approx(-cohens_d(first, second))


def test_the_paired_effect_size_is_the_mean_over_the_standard_deviation():
    assert paired_effect_size([1, 2, 3]) == pytest.approx(2.0)


def test_without_spread_an_effect_is_zero_or_infinite():
    assert cohens_d([1, 1], [1, 1]) == 0
    assert paired_effect_size([-1, -1]) == -math.inf


@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3).filter(lambda base: abs(base) > 1e-3))
def test_a_spread_that_is_rounding_counts_as_none(gain, base):
    differences = [(base * part + gain) - base * part for part in (1.0, 1 / 3, 1 / 7)]
    assert paired_effect_size(differences) == math.inf
    norms = [base * (1 + part * 1e-15) for part in range(3)]
    assert cohens_d(norms, norms[::-1]) == cohens_d(norms, norms[:2]) == 0
    assert cohens_d(norms, [2 * norm for norm in norms]) == math.copysign(math.inf, -base)


@given(st.floats(1e-6, 1e6))
def test_a_spread_that_is_small_beside_nothing_but_its_unit_is_one(unit):
    assert paired_effect_size([unit, 2 * unit, 3 * unit]) == pytest.approx(2.0)
    assert paired_effect_size([1, 1 + 1e-6]) == pytest.approx(math.sqrt(2) * 1e6, rel=1e-3)


def test_too_few_values_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        cohens_d([1], [1, 2])
    with pytest.raises(ValueError, match="at least 2"):
        paired_effect_size([1])


@given(samples, samples)
def test_auc_is_the_share_of_pairs_that_the_first_sample_wins_with_ties_half(first, second):
    wins = sum((a > b) + 0.5 * (a == b) for a in first for b in second)
    assert auc(first, second) == pytest.approx(wins / (len(first) * len(second)))


@given(samples)
def test_equal_values_share_the_mean_of_their_ranks(values):
    assert mean_ranks(values).tolist() == stats.rankdata(values).tolist()


def test_auc_of_normal_samples_is_the_normal_distribution_of_d_over_root_two():
    generator = np.random.default_rng(0)
    first, second = generator.normal(0.8, size=20_000), generator.normal(size=20_000)
    assert auc(first, second) == pytest.approx(stats.norm.cdf(0.8 / math.sqrt(2)), abs=0.005)


def test_auc_of_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        auc([], [1])

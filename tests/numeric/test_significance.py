from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.numeric.significance import (
    benjamini_hochberg,
    bootstrap_interval,
    holm,
    permutation_p,
    permutation_ps,
    standard_error,
)


def differences(seed: int = 3, n: int = 60, mean: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.2, n)


def test_the_bootstrap_interval_agrees_with_scipys_percentile_bootstrap():
    values = differences()
    oracle = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert bootstrap_interval(values) == pytest.approx((oracle.low, oracle.high), abs=0.004)


def test_the_permutation_p_agrees_with_scipys_exact_test():
    values = differences(n=10, mean=0.1)
    oracle = scipy.stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert permutation_p(values) == pytest.approx(oracle, abs=1e-12)
    assert permutation_p(values, permutations=1023) == pytest.approx(oracle, abs=0.03)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=9))
def test_few_differences_are_flipped_in_every_way(values):
    flips = np.array(list(itertools.product([-1, 1], repeat=len(values)))) @ values
    assert permutation_p(values) == pytest.approx(np.mean(np.abs(flips) >= abs(sum(values)) - 1e-12))


def test_ties_do_not_keep_a_test_from_being_exact():
    values = np.r_[np.zeros(500), [1.0, 1.0, 1.0, 1.0, -1.0]]
    assert permutation_p(values) == pytest.approx(scipy.stats.binomtest(4, 5).pvalue)


def test_groups_are_flipped_in_every_way_too():
    groups = [0, 0, 1, 2, 2]
    assert permutation_p([0.1, 0.2, 0.3, 0.2, 0.1], groups=groups) == 0.25


def test_several_comparisons_have_the_p_they_have_alone():
    columns = np.stack([differences(), np.r_[0.1, 0.2, np.zeros(58)], differences(4)], axis=1)
    assert permutation_ps(columns).tolist() == [permutation_p(column) for column in columns.T]


def test_a_zero_in_place_of_a_missing_query_leaves_the_test_as_it_was():
    values = differences(n=12)
    assert permutation_p(np.r_[values, np.zeros(30)]) == permutation_p(values)


def test_no_difference_at_all_has_p_one_and_an_interval_of_zero():
    assert permutation_p(np.zeros(20)) == 1.0
    assert bootstrap_interval(np.zeros(20)) == (0.0, 0.0)


def test_more_differences_than_two_has_powers_are_drawn_without_a_warning():
    assert permutation_p(np.ones(1100), permutations=999) == 0.001
    assert permutation_p(np.r_[np.ones(1024), -np.ones(1024)], permutations=999) == 1.0


@pytest.mark.parametrize(("permutations", "exact"), [(31, False), (32, True), (33, True), (63, True)])
def test_signs_are_counted_where_there_are_no_more_assignments_than_permutations(permutations, exact):
    p = permutation_p(np.ones(5), permutations=permutations)
    assert (p == 2 / 32) == exact


def test_a_p_value_is_never_zero():
    assert permutation_p(np.ones(100), permutations=999) == pytest.approx(0.001)


def test_the_same_seed_gives_the_same_figures_and_the_sign_flips_the_interval():
    values = differences()
    assert bootstrap_interval(values, seed=5) == bootstrap_interval(values, seed=5)
    low, high = bootstrap_interval(values, seed=5)
    assert bootstrap_interval(-values, seed=5) == pytest.approx((-high, -low))
    assert permutation_p(values) == permutation_p(-values)


def test_blocks_do_not_change_how_many_resamples_are_drawn(monkeypatch):
    monkeypatch.setattr("norm_aware.numeric.resampling._BLOCK", 100)
    assert permutation_p(np.ones(30), permutations=1999) == pytest.approx(1 / 2000, rel=1)
    assert bootstrap_interval(np.ones(30)) == (1.0, 1.0)


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, 1], [[1.0, 2.0]]])
def test_differences_that_are_no_numbers_are_refused(values):
    with pytest.raises(ValueError, match="one finite number per query"):
        bootstrap_interval(values)
    with pytest.raises(ValueError, match="one finite number per query"):
        permutation_p(values)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_its_definition(p_values):
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    expected, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        expected[i] = running
    assert holm(p_values).tolist() == pytest.approx(expected)
    assert (holm(p_values) >= np.array(p_values)).all()


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_false_discovery_adjustment_is_scipys(p_values):
    adjusted = benjamini_hochberg(p_values)
    assert adjusted.tolist() == pytest.approx(scipy.stats.false_discovery_control(p_values).tolist())
    assert (adjusted <= holm(p_values) + 1e-12).all()


def test_a_table_is_no_single_comparison():
    with pytest.raises(ValueError, match="one finite number per query"):
        permutation_p(np.zeros((3, 2)))


def test_groups_of_one_query_each_change_nothing():
    values = differences()
    alone = np.arange(len(values))
    assert bootstrap_interval(values, groups=alone) == bootstrap_interval(values)
    assert permutation_p(values, groups=alone) == permutation_p(values)
    assert standard_error(values, groups=alone) == pytest.approx(standard_error(values))


def test_the_standard_error_without_groups_is_scipys():
    values = differences()
    assert standard_error(values) == pytest.approx(scipy.stats.sem(values))


def test_a_query_asked_five_times_over_is_no_five_pieces_of_evidence():
    values = differences()
    repeated, groups = np.repeat(values, 5), np.repeat(np.arange(len(values)), 5)
    low, high = bootstrap_interval(values)
    assert bootstrap_interval(repeated, groups=groups) == pytest.approx((low, high), abs=0.003)
    assert permutation_p(repeated, groups=groups) == pytest.approx(permutation_p(values), abs=0.01)
    assert standard_error(repeated, groups=groups) == pytest.approx(standard_error(values))
    assert standard_error(repeated) < 0.5 * standard_error(values)


def test_a_single_group_proves_nothing():
    values, one = differences(), np.zeros(60)
    assert standard_error(values, groups=one) == np.inf
    assert permutation_p(values, groups=one) == 1


def test_groups_that_are_not_one_a_query_are_refused():
    with pytest.raises(ValueError, match="give each one"):
        bootstrap_interval(differences(), groups=[1, 2])

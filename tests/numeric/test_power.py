from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from norm_aware.numeric.power import minimum_detectable, needed_questions, t_test_power


def sample(mean: float, n: int, sd: float = 1.0, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, 1, n)
    return mean + sd * (drawn - drawn.mean()) / drawn.std(ddof=1)


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.3, 90), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_the_needed_number_is_what_g_power_and_statsmodels_say(effect, pairs):
    # Faul et al. 2007, G*Power: matched pairs, two-sided, alpha .05, power .8
    assert needed_questions(sample(effect, 50)) == pairs
    assert needed_questions(sample(0.9, 50), difference=-effect) == pairs


@pytest.mark.parametrize(("shift", "freedom"), [(0.5, 3), (2.8, 29), (2.8, 400), (5.0, 2)])
def test_the_power_is_scipys_noncentral_t(shift, freedom):
    critical = scipy.stats.t.ppf(0.975, freedom)
    oracle = scipy.stats.nct.sf(critical, freedom, shift) + scipy.stats.nct.cdf(-critical, freedom, shift)
    assert t_test_power(shift, freedom) == pytest.approx(oracle, abs=1e-8)


def test_with_many_questions_the_detectable_difference_is_the_textbooks():
    # (z of 97.5% plus z of 80%) standard errors: Bloom 1995, doi:10.1177/0193841X9501900504
    assert minimum_detectable(sample(0.0, 5000, 0.3)) == pytest.approx(2.8016 * 0.3 / 5000**0.5, rel=1e-3)


def test_the_detectable_difference_is_found_in_four_of_five_runs():
    generator = np.random.default_rng(2)
    difference = minimum_detectable(sample(0.0, 40, 0.2))
    drawn = generator.normal(difference, 0.2, (4000, 40))
    found = scipy.stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.02)


def test_the_detectable_and_the_needed_are_each_others_answer():
    values = sample(0.0, 120, 0.25)
    assert needed_questions(values, difference=minimum_detectable(values) * (1 + 1e-9)) == 120


def test_groups_of_the_same_answer_need_as_many_more_questions():
    values, groups = np.repeat(sample(0.1, 40, 0.3), 5), np.repeat(np.arange(40), 5)
    assert minimum_detectable(values, groups=groups) == pytest.approx(minimum_detectable(values[::5]))
    assert needed_questions(values, groups=groups) == 5 * needed_questions(values[::5])


@pytest.mark.parametrize(("values", "groups"), [([0.2], None), ([0.1, 0.1], None), ([0.1, 0.3], [1, 1])])
def test_an_unknown_spread_gives_no_number(values, groups):
    assert minimum_detectable(values, groups=groups) is None
    assert needed_questions(values, groups=groups) is None


def test_a_difference_of_nothing_is_never_found():
    assert needed_questions([-0.1, 0.1, -0.2, 0.2]) is None
    assert needed_questions(sample(0.0, 50, 1.0), difference=1e-6) is None


def test_two_questions_are_the_least_that_can_do():
    assert needed_questions(sample(1000.0, 50)) == 2

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from norm_aware.numeric.equivalence import equivalence


def values(mean: float = 0.0, n: int = 200, sd: float = 0.1, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, 1, n)
    return mean + sd * (drawn - drawn.mean()) / drawn.std(ddof=1)


def test_the_p_values_are_scipys_two_one_sided_t_tests():
    sample = values(0.004)
    found = equivalence(sample, margin=0.02)
    above = scipy.stats.ttest_1samp(sample, -0.02, alternative="greater").pvalue
    below = scipy.stats.ttest_1samp(sample, 0.02, alternative="less").pvalue
    assert found.p == pytest.approx(above)
    assert found.p_equivalent == pytest.approx(max(above, below))
    interval = scipy.stats.ttest_1samp(sample, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    ("mean", "outcome"),
    [(0.0, "equivalent"), (0.03, "no worse"), (-0.015, "not shown"), (-0.06, "worse"), (0.015, "no worse")],
)
def test_the_outcome_is_where_the_interval_lies_from_the_margin(mean, outcome):
    assert equivalence(values(mean), margin=0.02).outcome == outcome


def test_with_groups_the_error_is_that_of_groups():
    means = values(0.004, n=40)
    sample, groups = np.repeat(means, 5), np.repeat(np.arange(40), 5)
    found = equivalence(sample, margin=0.03, groups=groups)
    assert found.p == pytest.approx(scipy.stats.ttest_1samp(means, -0.03, alternative="greater").pvalue)
    assert found.p > equivalence(sample, margin=0.03).p


def test_agreeing_on_a_few_questions_proves_nothing_once_the_span_is_known():
    assert equivalence(np.zeros(30), margin=0.01).outcome == "equivalent"
    assert equivalence(np.zeros(30), margin=0.01, span=1.0).outcome == "not shown"
    assert equivalence(np.zeros(400), margin=0.01, span=1.0).outcome == "equivalent"


def test_the_span_adds_two_questions_to_the_spread_and_none_to_the_mean():
    sample = np.r_[np.zeros(90), np.ones(4), -np.ones(6)]
    found = equivalence(sample, margin=0.1, span=1.0)
    error = scipy.stats.sem(np.r_[sample, 1, -1])
    assert found.p == pytest.approx(scipy.stats.t.sf((-0.02 + 0.1) / error, 99))
    assert equivalence(values(), margin=0.02, span=1.0) == equivalence(values(), margin=0.02)


def test_a_candidate_worse_by_the_margin_is_rarely_called_no_worse():
    generator = np.random.default_rng(3)
    samples = generator.choice([1.0, 0.0, -1.0], p=[0.02, 0.91, 0.07], size=(2000, 60))
    wrong = [equivalence(sample, margin=0.05, span=1.0).p < 0.05 for sample in samples]
    assert np.mean(wrong) <= 0.055


def test_one_question_or_one_group_is_no_test():
    assert equivalence([0.0], margin=0.1) is None
    assert equivalence([0.0, 0.1], margin=0.1, groups=[1, 1]) is None


@pytest.mark.parametrize("margin", [0.0, -0.1, float("inf"), float("nan")])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match="above 0"):
        equivalence([0.0, 0.1], margin=margin)

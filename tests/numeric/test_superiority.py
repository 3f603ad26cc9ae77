from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.numeric.superiority import superiority


def test_ties_count_half():
    assert superiority([0.5, 0.1, 0.0, -0.2]).probability == pytest.approx(2.5 / 4)


def test_without_ties_and_with_many_questions_the_interval_is_wilsons():
    values = np.where(np.arange(1000) < 610, 1.0, -1.0)
    found = superiority(values)
    wilson = scipy.stats.binomtest(610, 1000).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=2e-4)


@given(st.lists(st.sampled_from([-1.0, -0.2, 0.0, 0.3]), min_size=2, max_size=40))
def test_exchanging_the_systems_mirrors_it(values):
    found, mirrored = superiority(values), superiority(-np.array(values))
    assert mirrored.probability == pytest.approx(1 - found.probability)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-7)
    assert 0 <= found.low <= found.probability + 1e-9
    assert found.probability - 1e-9 <= found.high <= 1


def test_winning_every_question_is_not_certainty():
    assert superiority([1.0] * 20).low < 0.9
    assert superiority([1.0] * 20).high == 1


def test_the_interval_holds_the_truth_at_its_level():
    generator = np.random.default_rng(1)
    samples = generator.choice([1.0, 0.0, -1.0], p=[0.35, 0.4, 0.25], size=(2000, 60))
    held = [(found := superiority(sample)).low <= 0.55 <= found.high for sample in samples]
    assert 0.935 <= np.mean(held) <= 0.97


def test_a_question_asked_five_times_over_is_one():
    values = np.random.default_rng(0).normal(0.1, 1, 40)
    repeated = superiority(np.repeat(values, 5), groups=np.repeat(np.arange(40), 5))
    alone = superiority(values)
    assert (repeated.low, repeated.high) == pytest.approx((alone.low, alone.high), abs=0.005)


def test_one_question_or_one_group_says_nothing():
    for found in (superiority([0.3]), superiority([0.3, -0.1, 0.2], groups=[4, 4, 4])):
        assert (found.low, found.high) == (0, 1)

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.numeric.resampling import blocks, finite_differences, group_sums, resampled_means


def test_a_group_adds_up_its_queries_in_the_order_of_its_number():
    sums, sizes = group_sums(np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]), [7, 3, 7])
    assert sums.tolist() == [[2.0, 20.0], [5.0, 50.0]]
    assert sizes.tolist() == [1.0, 2.0]


def test_several_comparisons_see_the_same_draws_as_each_alone():
    values = np.random.default_rng(0).normal(size=(40, 3))
    together = resampled_means(values, np.ones(40), resamples=500, seed=4)
    for column, found in zip(values.T, together.T, strict=True):
        assert found == pytest.approx(resampled_means(column, np.ones(40), resamples=500, seed=4))


def test_groups_of_different_size_weigh_by_their_size():
    means = resampled_means(np.array([10.0, 0.0]), np.array([10.0, 1.0]), resamples=200, seed=0)
    assert set(means.round(6)) == {0.0, round(10 / 11, 6), 1.0}


def test_blocks_add_up_to_what_was_asked_for_and_hold_a_row_at_least(monkeypatch):
    monkeypatch.setattr("norm_aware.numeric.resampling._BLOCK", 100)
    assert blocks(7, 40) == [2, 2, 2, 1]
    assert blocks(2, 1000) == [1, 1]


@pytest.mark.parametrize("values", [[], [[[1.0]]], [np.nan], [[1.0, np.inf]]])
def test_what_is_no_table_of_finite_numbers_is_refused(values):
    with pytest.raises(ValueError, match="one finite number per query"):
        finite_differences(values)

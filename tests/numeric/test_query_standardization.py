from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import zscore

from norm_aware.numeric.query_standardization import standardize_scores

scores = arrays(np.float64, (3, 8), elements=st.floats(-1e3, 1e3))


@given(scores, st.floats(-10, 10), st.floats(1e-3, 1e3))
def test_no_ranking_within_a_query_ever_changes(values, mean, deviation):
    found = standardize_scores(values, mean=np.full(3, mean), deviation=np.full(3, deviation))
    for before, after in zip(values, found, strict=True):
        assert (np.diff(after[np.argsort(before)]) >= 0).all()


def test_distinct_scores_stay_distinct():
    found = standardize_scores(np.arange(12.0).reshape(2, 6), mean=[2.5, 8.5], deviation=[0.1, 1e-3])
    assert (np.diff(found, axis=1) > 0).all()


def test_with_each_querys_own_mean_and_deviation_it_is_scipys_z_score():
    values = np.random.default_rng(0).normal(3, 2, size=(4, 20))
    found = standardize_scores(values, mean=values.mean(axis=1), deviation=values.std(axis=1))
    np.testing.assert_allclose(found, zscore(values, axis=1), atol=1e-12)


def test_scores_that_do_not_differ_stand_out_by_0():
    values = np.array([[0.5, 0.5], [0.2, 0.4]])
    found = standardize_scores(values, mean=[0.5, 0.3], deviation=[0.0, 0.1])
    np.testing.assert_allclose(found, [[0, 0], [-1, 1]])


def test_the_scores_of_one_query_need_no_second_axis():
    found = standardize_scores([1.0, 3.0], mean=2.0, deviation=0.5)
    assert found.tolist() == [-2, 2]

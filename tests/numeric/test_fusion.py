from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import zscore

from norm_aware.numeric.fusion import fuse_standardized, standardize

scores = arrays(float, st.integers(2, 20), elements=st.floats(-100, 100, width=32))


@given(values=scores)
def test_standardised_scores_are_scipys(values):
    if values.std() > 1e-3:
        assert standardize(values) == pytest.approx(zscore(values), abs=1e-9)


@pytest.mark.parametrize("values", [[], [0.1], [0.1] * 3, [0.0, 0.0]])
def test_scores_that_do_not_differ_say_nothing(values):
    assert standardize(values).tolist() == [0.0] * len(values)


@given(seed=st.integers(0, 1000), slope=st.floats(0.01, 100), shift=st.floats(-5, 5))
def test_the_scale_of_either_branch_means_nothing(seed, slope, shift):
    dense, sparse = np.random.default_rng(seed).normal(size=(2, 9))
    plain = fuse_standardized(dense, sparse, alpha=0.3)
    assert fuse_standardized(dense * slope + shift, sparse, alpha=0.3) == pytest.approx(plain, abs=1e-6)
    assert fuse_standardized(dense, sparse * slope + shift, alpha=0.3) == pytest.approx(plain, abs=1e-6)


def test_the_ends_of_alpha_are_either_branch_alone():
    dense, sparse = [1.0, 2.0, 4.0], [9.0, 1.0, 3.0]
    assert fuse_standardized(dense, sparse, alpha=1).tolist() == standardize(dense).tolist()
    assert fuse_standardized(dense, sparse, alpha=0).tolist() == standardize(sparse).tolist()

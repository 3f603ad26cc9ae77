from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import QueryError
from norm_aware.numeric.standard_norm import norm_mean_and_scale, standard_norm


@given(st.lists(st.integers(0, 100), min_size=2, max_size=30))
def test_mean_and_scale_are_the_mean_and_the_population_standard_deviation(lengths):
    mean, scale = norm_mean_and_scale(lengths, of="documents")
    assert mean == pytest.approx(statistics.fmean(lengths))
    assert scale == pytest.approx(statistics.pstdev(lengths) or 1.0)


@given(st.lists(st.floats(0.5, 100), min_size=2, max_size=30, unique=True))
def test_standardised_norms_have_mean_zero_and_deviation_one(lengths):
    mean, scale = norm_mean_and_scale(lengths, of="documents")
    z = standard_norm(lengths, mean, scale)
    assert z.mean() == pytest.approx(0, abs=1e-6)
    assert z.std() == pytest.approx(1) or z.std() < 1e-3  # norms that only rounding tells apart


@pytest.mark.parametrize(
    "lengths", [[7.0], [0.1] * 3, [1 + 1e-7, 1 - 1e-7, 1.0], [0.0, 0.0], [1e6 + 0.1, 1e6]]
)
def test_norms_that_differ_by_rounding_alone_count_as_constant(lengths):
    mean, scale = norm_mean_and_scale(lengths, of="documents")
    assert scale == 1.0
    assert standard_norm(lengths, mean, scale) == pytest.approx(np.zeros(len(lengths)), abs=0.06)


@pytest.mark.parametrize("lengths", [[], [float("nan")], [1.0, float("inf")], [-1.0]])
def test_what_cannot_be_a_length_is_refused(lengths):
    with pytest.raises(QueryError, match=r"of queries; at least one length is needed, each finite"):
        norm_mean_and_scale(lengths, of="queries")

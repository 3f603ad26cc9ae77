from __future__ import annotations

import math

import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from norm_aware.numeric.student_t import t_cdf, t_quantile


@settings(max_examples=200)
@given(st.floats(-60, 60), st.integers(1, 100_000))
def test_the_distribution_is_scipys(x, freedom):
    assert t_cdf(x, freedom) == pytest.approx(scipy.stats.t.cdf(x, freedom), abs=1e-9)


@settings(max_examples=200)
@given(st.floats(-10, 15), st.integers(1, 5000), st.floats(-6, 6))
def test_the_noncentral_distribution_is_scipys(x, freedom, shift):
    expected = scipy.stats.nct.cdf(x, freedom, shift)
    assume(not math.isnan(expected))  # scipy's own gap, far out on the other side of the shift
    assert t_cdf(x, freedom, shift=shift) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("freedom", [1, 2, 7, 29, 499, 100_000])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.8, 0.95, 0.9995])
def test_the_quantile_is_scipys(freedom, probability):
    expected = scipy.stats.t.ppf(probability, freedom)
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, float("nan")])
def test_a_quantile_of_no_probability_is_refused(probability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(probability, 10)


def test_less_than_one_degree_of_freedom_is_refused():
    with pytest.raises(ValueError, match="at least 1 is needed"):
        t_cdf(1.0, 0)

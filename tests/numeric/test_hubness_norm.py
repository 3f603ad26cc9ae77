from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import CalibrationError
from norm_aware.numeric.hubness_norm import FLOOR, MAX_GAMMA, hubness_norm

gammas = st.floats(0, MAX_GAMMA)


@given(st.lists(st.floats(FLOOR, 1), min_size=1, max_size=5), gammas)
def test_a_length_is_the_hubness_to_the_power_of_minus_gamma(hubness, gamma):
    expected = [1 / h**gamma for h in hubness]
    np.testing.assert_allclose(hubness_norm(hubness, gamma=gamma), expected, rtol=1e-12)


@given(st.floats(-1, 1), st.floats(-1, 1), gammas)
def test_who_is_nearer_to_any_query_is_never_longer(one, other, gamma):
    far, near = hubness_norm(sorted([one, other]), gamma=gamma)
    assert far >= near >= 1


def test_below_the_floor_more_distance_gives_no_more_length():
    lengths = hubness_norm([FLOOR, 0.0, -1.0], gamma=0.4)
    assert lengths[0] == lengths[1] == lengths[2]


def test_gamma_0_gives_every_document_length_1():
    assert hubness_norm([-0.5, 0.1, 0.9], gamma=0.0).tolist() == [1, 1, 1]


@pytest.mark.parametrize("gamma", [-0.01, 0.41, float("nan"), float("inf")])
def test_a_gamma_out_of_its_range_is_refused(gamma):
    with pytest.raises(CalibrationError, match=f"gamma is {gamma}; a number from 0 to 0.4"):
        hubness_norm([0.5], gamma=gamma)

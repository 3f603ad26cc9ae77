from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.numeric.bisection import rising_root


@given(st.floats(-50, 50))
def test_the_root_of_a_rising_function_is_found(root):
    assert rising_root(lambda x: math.atan(x - root), -60, 60) == pytest.approx(root, abs=1e-9)

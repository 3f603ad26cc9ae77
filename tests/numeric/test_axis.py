from hypothesis import given
from hypothesis import strategies as st

from norm_aware.numeric.axis import Axis, nice_step


@given(st.floats(1e-6, 1e6), st.integers(1, 12))
def test_a_step_is_round_and_gives_no_more_parts_than_asked(span, most):
    step = nice_step(span, most)
    assert span / step <= most * (1 + 1e-6)
    assert f"{step:e}"[0] in "125"


def test_a_tick_is_labelled_with_the_decimals_its_step_needs():
    axis = Axis(low=-0.21, high=0.11, step=0.1)
    assert [axis.label(tick).replace("\N{MINUS SIGN}", "-") for tick in axis.ticks] == [
        "-0.2",
        "-0.1",
        "0.0",
        "0.1",
    ]

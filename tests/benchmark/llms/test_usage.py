import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.llms.usage import Price, Usage
from norm_aware.errors import LLMError

usages = st.builds(
    Usage,
    st.integers(0, 99),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 99).map(float),
)


@given(usages, usages, usages)
def test_usages_add_up_in_any_order(a, b, c):
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Usage() == a


def test_a_price_is_per_million_tokens_of_each_kind():
    assert Price(0.5, 2).of(1_000_000, 0) == 0.5
    assert Price(0.5, 2).of(0, 500_000) == 1.0


@pytest.mark.parametrize("prices", [(-1, 0), (0, -1), (float("nan"), 0)])
def test_a_price_below_nothing_is_refused(prices):
    with pytest.raises(LLMError, match="it must be at least 0"):
        Price(*prices)

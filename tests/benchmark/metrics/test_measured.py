"""A call as a score: in its range, or a reason."""

import asyncio
import math

import pytest

from norm_aware.benchmark.metrics.measured import measured


def score(value, name="faithfulness"):
    async def call():
        if isinstance(value, Exception):
            raise value
        return value

    return asyncio.run(measured(name, call, lambda error: f"it said {error}"))


@pytest.mark.parametrize(("value", "kept"), [(0.5, 0.5), (1 + 1e-9, 1.0), (-1e-9, 0.0), (0, 0), (1, 1)])
def test_a_value_in_its_range_is_kept_and_rounding_beyond_it_is_cut_off(value, kept):
    assert (score(value).value, score(value).reason) == (kept, None)


def test_values_that_differ_by_a_denominators_guard_are_equal():
    assert score(1 / (1 + 1e-10)).value == score(3 / (3 + 1e-10)).value == 1


@pytest.mark.parametrize("value", [7, -1, math.nan, math.inf])
def test_a_value_out_of_its_range_is_none_and_says_so(value):
    found = score(value)
    assert (found.value, found.reason) == (None, f"RAGAS returned {value:g}, which is not between 0 and 1")


def test_a_cosine_may_be_negative():
    assert score(-1.0, "semantic_similarity").value == -1
    assert score(-1.5, "semantic_similarity").value is None


def test_an_error_is_a_reason():
    assert (score(ValueError("no")).value, score(ValueError("no")).reason) == (None, "it said no")

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.comparison.pairs import paired
from norm_aware.benchmark.comparison.scale import Scale


def pairs(before, after, questions="abcd", scale=None):
    values = {"old": {"m": before}, "new": {"m": after}}
    return paired(values, questions, baseline="old", candidate="new", measure="m", scale=scale or Scale())


def test_a_question_that_neither_was_asked_is_not_missing():
    found = pairs({"a": 0.5, "b": None}, {"a": 0.7, "b": 0.4})
    assert found.differences == pytest.approx([0.2, np.nan, np.nan, np.nan], nan_ok=True)
    assert found.worst == pytest.approx([0.2, 0.4 - 1, np.nan, np.nan], nan_ok=True)
    assert (found.missing_baseline, found.missing_candidate) == (1, 0)


def test_a_question_that_only_one_was_asked_is_missing_from_the_other():
    found = pairs({"a": 0.5, "b": 0.3}, {"a": 0.7, "c": 0.4})
    assert (found.missing_baseline, found.missing_candidate) == (1, 1)
    assert found.worst == pytest.approx([0.2, 0 - 0.3, 0.4 - 1, np.nan], nan_ok=True)


def test_nothing_is_filled_in_where_nothing_or_everything_is_missing():
    assert np.isnan(pairs({"a": 0.5}, {"a": 0.7}).worst).all()
    assert np.isnan(pairs({"a": None}, {"a": 0.7}).worst).all()


def test_a_value_beyond_the_scale_widens_it():
    found = pairs({"a": -0.2, "b": 3.0}, {"a": 0.7, "b": None})
    assert (found.scale.low, found.scale.high) == (-0.2, 3.0)
    assert found.worst[1] == pytest.approx(-0.2 - 3)

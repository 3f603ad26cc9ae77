import json
import math

import pytest

from norm_aware.numerals import number, p_value, setting, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-0.5, "-0.500"),
        (-0.0, "0.000"),
        (-1e-17, "0.000"),
        (-0.0002, "-0.0002"),
        (812.34, "812.3"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_a_number_never_hides_its_sign_behind_zeros(value, text):
    assert number(value).replace("\N{MINUS SIGN}", "-") == text


def test_a_signed_number_shows_a_plus_only_above_zero():
    assert [signed(value) for value in (0.5, 0.0, 1e-17, 0.0002)] == ["+0.500", "0.000", "0.000", "+0.0002"]


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.00001, "<0.0001"),
        (0.00012, "0.0001"),
        (0.031, "0.031"),
        (0.04996, "<0.05"),
        (0.05, "0.050"),
        (1, "1.000"),
    ],
)
def test_a_p_value_never_rounds_across_a_line_that_matters(p, text):
    assert p_value(p) == text


def test_a_setting_reads_as_a_person_would_say_it():
    assert [setting(value) for value in (True, False, 3, 0.5, "é")] == ["yes", "no", "3", "0.5", "é"]
    assert json.loads(setting({"a": [1, None]})) == {"a": [1, None]}

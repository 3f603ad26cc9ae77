from __future__ import annotations

import math

import pytest

from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.errors import BenchmarkError


@pytest.mark.parametrize("margin", [0, -0.1, math.inf, math.nan])
def test_a_margin_is_a_number_above_0(margin):
    with pytest.raises(BenchmarkError, match="above 0"):
        ComparisonOptions(margin=margin)


def test_an_unknown_correction_names_the_known_ones():
    with pytest.raises(BenchmarkError, match="'bonferroni'; 'holm' or 'fdr'"):
        ComparisonOptions(correction="bonferroni")


def test_too_few_resamples_are_refused():
    with pytest.raises(BenchmarkError, match="1,000 are needed"):
        ComparisonOptions(resamples=100)

from __future__ import annotations

import math

import numpy as np
import pytest

from norm_aware.numeric.effect_size import cohens_d, paired_effect_size


def test_cohens_d_is_the_difference_of_means_in_pooled_standard_deviations():
    # by hand: means 4 and 2, both variances 1, pooled standard deviation 1
    assert cohens_d([3, 4, 5], [1, 2, 3]) == pytest.approx(2.0)


def test_cohens_d_weighs_the_variances_by_their_degrees_of_freedom():
    first, second = np.array([1.0, 5.0]), np.array([0.0, 0.0, 0.0, 1.0])
    pooled = math.sqrt((1 * 8.0 + 3 * 0.25) / 4)
    assert cohens_d(first, second) == pytest.approx((3 - 0.25) / pooled)
    assert cohens_d(second, first) == pytest.approx(-cohens_d(first, second))


def test_the_paired_effect_size_is_the_mean_over_the_standard_deviation():
    assert paired_effect_size([1, 2, 3]) == pytest.approx(2.0)


def test_without_spread_an_effect_is_zero_or_infinite():
    assert cohens_d([1, 1], [1, 1]) == 0
    assert paired_effect_size([-1, -1]) == -math.inf


def test_too_few_values_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        cohens_d([1], [1, 2])
    with pytest.raises(ValueError, match="at least 2"):
        paired_effect_size([1])

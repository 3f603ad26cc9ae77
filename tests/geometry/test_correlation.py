import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.correlation import partial_correlation, pearson, require_spread, spearman

OF = ("norms", "lengths")
columns = st.lists(st.tuples(*[st.integers(-50, 50)] * 2), min_size=3, max_size=40).filter(
    lambda rows: all(len(set(column)) > 1 for column in zip(*rows, strict=True))
)


@given(columns)
def test_pearson_and_spearman_agree_with_scipy(rows):
    first, second = zip(*rows, strict=True)
    assert pearson(first, second, of=OF) == pytest.approx(stats.pearsonr(first, second)[0], abs=1e-9)
    assert spearman(first, second, of=OF) == pytest.approx(stats.spearmanr(first, second)[0], abs=1e-9)


def test_a_correlation_does_not_depend_on_the_units():
    first, second = np.random.default_rng(0).normal(size=(2, 50))
    expected = pearson(first, second, of=OF)
    assert pearson(first * 1e200, second * 1e-200, of=OF) == pytest.approx(expected)


def test_the_partial_correlation_is_that_of_what_a_line_in_the_third_leaves():
    generator = np.random.default_rng(1)
    given_, first, second = generator.normal(size=(3, 200))
    first, second = first + 2 * given_, second - given_ + 0.3 * first
    left = [values - np.polyval(np.polyfit(given_, values, 1), given_) for values in (first, second)]
    found = partial_correlation(first, second, given=given_, of=(*OF, "ages"))
    assert found == pytest.approx(stats.pearsonr(*left)[0])


def test_a_link_that_runs_through_the_third_vanishes_once_it_is_held_fixed():
    generator = np.random.default_rng(2)
    length = generator.normal(size=5000)
    norm, relevance = length + generator.normal(size=(2, 5000))
    assert pearson(norm, relevance, of=OF) > 0.4
    assert abs(partial_correlation(norm, relevance, given=length, of=(*OF, "x"))) < 0.05


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0], "2 norms were given; at least 3"),
        ([2.0, 2.0, 2.0], "All 3 norms are 2; what does not vary"),
        ([1.0, 1.0 + 1e-8, 1.0], "what does not vary"),
        ([0.0, 0.0, 0.0], "All 3 norms are 0"),
        ([1.0, np.nan, 2.0], "The norms hold NaN"),
    ],
)
def test_what_cannot_be_correlated_is_refused_in_words(values, message):
    with pytest.raises(EmbeddingError, match=message):
        require_spread(values, of="norms")


def test_nothing_is_left_where_one_follows_from_the_third():
    x = np.arange(5.0)
    with pytest.raises(EmbeddingError, match="nothing varies once those are held fixed"):
        partial_correlation(x, x**2, given=2 * x + 1, of=("norms", "grades", "lengths"))

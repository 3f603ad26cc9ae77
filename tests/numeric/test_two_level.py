import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from norm_aware.numeric.two_level import two_level


def crossed(generator, *, sizes=(60, 40), seeds=3, of_queries=0.2, of_seeds=0.0, noise=0.1, mean=0.0):
    effect = generator.normal(0, of_seeds, (seeds, 1)) if of_seeds else 0.0
    return [
        mean + generator.normal(0, of_queries, n) + effect + generator.normal(0, noise, (seeds, n))
        for n in sizes
    ]


def test_one_seed_and_one_set_is_the_t_test_over_queries():
    differences = np.random.default_rng(0).normal(0.05, 0.2, (1, 30))
    found = two_level([differences])
    expected = stats.ttest_1samp(differences[0], 0)
    interval = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue, abs=1e-8)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.seed_error, found.seed_p) == (0, None)


def test_queries_that_all_agree_leave_the_paired_t_test_across_seeds():
    of_seeds = np.array([0.02, 0.05, 0.03])
    found = two_level([np.repeat(of_seeds[:, None], 8, axis=1), np.repeat(of_seeds[:, None], 5, axis=1)])
    expected = stats.ttest_1samp(of_seeds, 0)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-8)
    assert found.seed_p == pytest.approx(expected.pvalue, abs=1e-8)


def test_the_p_across_seeds_is_scipys_paired_t_of_the_two_systems_means():
    generator = np.random.default_rng(1)
    ours, theirs = generator.normal(0.4, 0.1, (3, 50)), generator.normal(0.38, 0.1, (3, 50))
    expected = stats.ttest_rel(ours.mean(axis=1), theirs.mean(axis=1)).pvalue
    assert two_level([ours - theirs]).seed_p == pytest.approx(expected, abs=1e-8)


def test_two_sets_of_one_seed_are_welchs_test_of_a_sum():
    generator = np.random.default_rng(2)
    first, second = generator.normal(0.1, 0.3, 25), generator.normal(0.0, 0.1, 40)
    expected = stats.ttest_ind(first, -second, equal_var=False)  # first + second, twice their mean
    assert two_level([first[None], second[None]]).p == pytest.approx(expected.pvalue, abs=1e-8)


def test_the_error_is_that_of_drawing_seeds_and_queries_with_replacement():
    generator = np.random.default_rng(3)
    seeds = 40
    sets = crossed(generator, seeds=seeds, of_seeds=0.03, noise=0.02)
    drawn = []
    for _ in range(4000):
        who = generator.integers(seeds, size=seeds)
        parts = [part[np.ix_(who, generator.integers(part.shape[1], size=part.shape[1]))] for part in sets]
        drawn.append(np.mean([part.mean() for part in parts]))
    found = two_level(sets)
    assert np.std(drawn) == pytest.approx(np.hypot(found.query_error, found.seed_error), rel=0.06)


@pytest.mark.parametrize("of_seeds", [0.0, 0.02, 0.1])
def test_under_the_null_it_errs_no_more_often_than_it_says_and_its_interval_covers(of_seeds):
    generator = np.random.default_rng(4)
    found = [two_level(crossed(generator, of_seeds=of_seeds)) for _ in range(300)]
    for level in (0.05, 0.01):
        wrong = np.mean([each.p < level for each in found])
        assert wrong < level + 3 * np.sqrt(level * (1 - level) / 300)
    assert any(each.p < 0.05 for each in found)  # not by never finding anything
    assert [each.p < 0.05 for each in found] == [not each.low <= 0 <= each.high for each in found]


def test_between_queries_and_seeds_its_limit_is_the_mean_of_both_by_their_variances():
    (part,) = crossed(np.random.default_rng(8), sizes=(40,), of_seeds=0.05)
    found = two_level([part])
    variances = np.array([found.query_error, found.seed_error]) ** 2
    limit = np.average(stats.t.ppf(0.975, [39, 2]), weights=variances) * np.sqrt(variances.sum())
    assert found.high - found.difference == pytest.approx(limit)
    at = stats.t.isf(found.p / 2, [39, 2])  # the p is where the limit is what was found
    assert np.average(at, weights=variances) * np.sqrt(variances.sum()) == pytest.approx(abs(part.mean()))


def test_without_the_seeds_error_a_spread_of_seeds_would_pass_for_a_difference():
    generator = np.random.default_rng(5)
    sets = [crossed(generator, sizes=(200,), of_seeds=0.05) for _ in range(150)]
    by_queries_alone = [stats.ttest_1samp(part.mean(axis=0), 0).pvalue < 0.05 for (part,) in sets]
    assert np.mean(by_queries_alone) > 0.3
    assert np.mean([two_level(each).p < 0.05 for each in sets]) < 0.1


def test_it_finds_a_difference_that_is_there():
    generator = np.random.default_rng(6)
    sets = [crossed(generator, sizes=(150, 150), of_seeds=0.005, mean=0.07) for _ in range(50)]
    assert np.mean([two_level(each).p < 0.05 for each in sets]) > 0.9


@given(st.floats(-1, 1), st.integers(0, 2**32 - 1))
def test_it_moves_with_a_shift_and_turns_with_the_sign(shift, seed):
    sets = crossed(np.random.default_rng(seed), sizes=(7, 4), of_seeds=0.1)
    plain, moved = two_level(sets), two_level([part + shift for part in sets])
    turned = two_level([-part for part in sets])
    assert moved.difference == pytest.approx(plain.difference + shift)
    assert (moved.low, moved.high) == pytest.approx((plain.low + shift, plain.high + shift), abs=1e-9)
    assert (turned.low, turned.high, turned.p) == pytest.approx((-plain.high, -plain.low, plain.p))


@given(st.integers(0, 200), st.sampled_from([1e-20, 1e-17, 1e-15, 1e-12]))
def test_seeds_that_differ_by_rounding_alone_count_as_seeds_that_agree(seed, rounding):
    generator = np.random.default_rng(seed)
    queries = np.tile(generator.normal(0.02, 0.2, 40), (3, 1))
    agreeing, rounded = (
        two_level([queries + noise * generator.normal(size=(3, 1))]) for noise in (0, rounding)
    )
    assert rounded.p == pytest.approx(agreeing.p, abs=1e-8)
    assert (rounded.low, rounded.high) == pytest.approx((agreeing.low, agreeing.high))
    assert rounded.seed_p is None


def test_differences_that_are_all_zero_are_no_difference():
    found = two_level([np.zeros((3, 5)), np.zeros((3, 9))])
    assert (found.low, found.high, found.p, found.seed_p) == (0, 0, 1, None)
    assert two_level([np.full((3, 5), 0.1)]).p < 1e-6


@pytest.mark.parametrize(
    "differences",
    [
        [],
        [[[0.1]]],
        [[0.1, 0.2]],
        [np.zeros((2, 3)), np.zeros((3, 3))],
        [[[0.1, np.nan]]],
        [np.zeros((0, 4))],
    ],
)
def test_what_cannot_be_compared_is_refused(differences):
    with pytest.raises(ValueError, match="needed"):
        two_level(differences)

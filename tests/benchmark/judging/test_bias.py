"""Bias: what a judge follows beside what is judged."""

import pytest
from scipy.stats import binom

from norm_aware.benchmark.judging.bias import consistency, length_bias, position_bias


def test_a_judge_that_takes_the_first_answer_follows_the_position():
    found = position_bias([("A", "A")] * 10)
    assert (found["follows_position"], found["first_rate"], found["n"]) == (1, 1, 10)
    assert found["low"] > 0.5


def test_a_judge_that_takes_the_right_answer_does_not():
    found = position_bias([("A", "B")] * 9 + [("A", None)])
    assert (found["follows_position"], found["n"], found["failures"]) == (0, 9, 1)
    assert found["first_rate"] == 10 / 19


def test_a_bias_of_nothing_is_none():
    assert position_bias([(None, None)])["follows_position"] is None
    assert length_bias([None], [True])["difference"] is None


def test_length_bias_is_mcnemars_exact_test_of_the_changed_verdicts():
    found = length_bias([False] * 9 + [True, True, None], [True] * 9 + [False, True, True])
    assert (found["gained"], found["lost"], found["n"], found["failures"]) == (9, 1, 11, 1)
    assert found["difference"] == pytest.approx(8 / 11)
    assert found["p"] == pytest.approx(2 * binom.cdf(1, 10, 0.5))


def test_padding_that_changes_nothing_is_no_bias():
    found = length_bias([True, False], [True, False])
    assert (found["difference"], found["p"]) == (0, 1)


def test_consistency_counts_items_with_one_verdict():
    found = consistency(
        [[True, True], [True, False], [False, False], [None, None]],
        plain=[True, True, False, None],
        rephrased=[True, False, False, None],
        temperature=0.7,
    )
    assert (found["unanimous"], found["rephrased"], found["repeats"]) == (0.5, 0.5, 2)
    assert found["low"] < 0.5 < found["high"]


@pytest.mark.parametrize("repeats", [0, 1])
def test_fewer_than_two_repeats_cannot_disagree(repeats):
    found = consistency([[True] * repeats] * 3, plain=[True] * 3, rephrased=[True] * 3, temperature=0.7)
    assert found["unanimous"] is None
    assert found["rephrased"] == 1

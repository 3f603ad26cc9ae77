from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.attribution.noise import RepeatScore, noise

PAIR = ("a", "b")


def repeated(system, query, *values):
    return [RepeatScore(system, query, "m", i, value) for i, value in enumerate(values, start=1)]


def test_noise_worked_by_hand():
    values = {"a": {"m": {"q1": 0.0, "q2": 1.0}}, "b": {"m": {"q1": 1.0, "q2": 1.0}}}
    # variances: a has 0.5 and 0.5, b has 0 and 2: pooled 0.5 and 1
    repeats = [
        *repeated("a", "q1", 1.0),
        *repeated("a", "q2", 0.0),
        *repeated("b", "q1", 1.0),
        *repeated("b", "q2", -1.0),
    ]
    found = noise(values, repeats, PAIR, "m")
    assert found.sd == pytest.approx(np.sqrt(0.75))
    assert found.standard_error == pytest.approx(np.sqrt(1.5 / 2))
    assert found.share == pytest.approx(1.5 / 0.5)  # the differences are 1 and 0
    assert found.n == 2
    assert set(found.as_row()) == {"sd", "standard_error", "share", "n"}


def test_an_answer_that_both_share_adds_no_noise_to_the_difference():
    values = {s: {"m": {"q1": 0.0, "q2": 0.4 if s == "a" else 0.6, "q3": 0.0}} for s in PAIR}
    repeats = [*repeated("a", "q2", 0.6, 0.4), *repeated("b", "q2", 0.4), *repeated("a", "q1", 1.0)]
    found = noise(values, repeats, PAIR, "m", shared={"q1", "q3"})
    a, b = np.var([0.4, 0.6, 0.4], ddof=1), np.var([0.6, 0.4], ddof=1)
    assert found.standard_error == pytest.approx(np.sqrt((a + b) / 3 / 3))
    assert found.n == 1


def test_systems_that_share_every_answer_have_a_noisy_model_and_a_sure_difference():
    values = {s: {"m": {"q1": 0.0, "q2": 1.0}} for s in PAIR}
    repeats = [row for s in PAIR for q in ("q1", "q2") for row in repeated(s, q, 0.5)]
    found = noise(values, repeats, PAIR, "m", shared={"q1", "q2"})
    assert found.sd == pytest.approx(np.sqrt(0.125))
    assert (found.standard_error, found.share) == (0.0, None)


@pytest.mark.parametrize(
    "repeats",
    [
        [],
        repeated("a", "q1", 1.0),  # one side alone
        [*repeated("a", "q1", None), *repeated("b", "q1", 1.0)],
        [*repeated("a", "q9", 1.0), *repeated("b", "q9", 1.0)],  # of no question that was compared
        [RepeatScore(s, "q1", "other", 1, 1.0) for s in PAIR],
    ],
)
def test_without_further_answers_of_both_systems_nothing_is_known_of_the_noise(repeats):
    values = {s: {"m": {"q1": 0.0}} for s in PAIR}
    assert noise(values, repeats, PAIR, "m") is None


def test_the_noise_that_was_put_in_is_found():
    generator = np.random.default_rng(5)
    n, sigma, between = 4000, 0.3, 0.4
    truth = {"a": np.zeros(n), "b": generator.normal(0.05, between, n)}
    answers = {s: truth[s][:, None] + generator.normal(0, sigma, (n, 4)) for s in PAIR}
    values = {s: {"m": {f"q{i}": answers[s][i, 0] for i in range(n)}} for s in PAIR}
    repeats = [row for s in PAIR for i in range(n) for row in repeated(s, f"q{i}", *answers[s][i, 1:])]
    found = noise(values, repeats, PAIR, "m")
    assert found.sd == pytest.approx(sigma, rel=0.02)
    assert found.share == pytest.approx(2 * sigma**2 / (2 * sigma**2 + between**2), rel=0.05)
    assert found.standard_error == pytest.approx(np.sqrt(2 * sigma**2 / n), rel=0.02)


def test_swapping_the_systems_leaves_the_noise_as_it_is():
    generator = np.random.default_rng(1)
    values = {s: {"m": {f"q{i}": generator.random() for i in range(9)}} for s in PAIR}
    repeats = [row for s in PAIR for i in range(5) for row in repeated(s, f"q{i}", *generator.random(2))]
    there, back = (noise(values, repeats, pair, "m", shared={"q1"}) for pair in (PAIR, PAIR[::-1]))
    assert there.as_row() == pytest.approx(back.as_row())

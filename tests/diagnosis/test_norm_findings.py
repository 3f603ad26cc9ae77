import numpy as np
import pytest

from norm_aware.diagnosis.evidence import Evidence
from norm_aware.diagnosis.norm_findings import (
    angle_and_norm,
    norm_and_length,
    norm_variation,
    relevance,
    relevance_beyond_length,
    self_dominance,
)

GENERATOR = np.random.default_rng(0)
N = 2000
LENGTHS = GENERATOR.integers(5, 300, size=N)
NOISE = GENERATOR.normal(size=N)
CHANCE = GENERATOR.random(N)
UNITS = GENERATOR.normal(size=(N, 16))
UNITS /= np.linalg.norm(UNITS, axis=1, keepdims=True)


def evidence(lengths_of_vectors, **given):
    nothing = {"queries": None, "judgements": None, "lengths": None, "seed": 0}
    rows = UNITS * np.asarray(lengths_of_vectors)[:, None]
    return Evidence.of(rows, **(nothing | given))


def normal(mean, deviation):
    return mean + deviation * NOISE


@pytest.mark.parametrize(
    ("deviation", "verdict", "advice"),
    [
        (0.03, "it is noise", "Keep cosine"),
        (0.07, "between noise", "Expect little"),
        (0.2, "mean something", "open"),
    ],
)
def test_norms_mean_something_from_ten_percent_and_nothing_up_to_five(deviation, verdict, advice):
    answer = norm_variation(evidence(normal(2, 2 * deviation)))
    assert answer.value == pytest.approx(deviation, rel=0.1)
    assert verdict in answer.sentence
    assert advice in answer.advice


@pytest.mark.parametrize(("sign", "word"), [(1, "longer vectors"), (-1, "shorter vectors")])
def test_a_norm_that_goes_with_length_is_called_confounded(sign, word):
    answer = norm_and_length(evidence(3 + sign * LENGTHS / 300 + normal(0, 0.2), lengths=LENGTHS))
    assert abs(answer.value) > 0.3
    assert word in answer.sentence
    assert "confounder" in answer.advice


def test_a_norm_apart_from_length_is_not_called_confounded():
    answer = norm_and_length(evidence(normal(3, 0.3), lengths=LENGTHS))
    assert "explains little" in answer.sentence
    assert "confounder" not in answer.advice


def judged(relevant):
    return [{int(document): 1} for document in np.flatnonzero(relevant)]


@pytest.mark.parametrize(
    ("shift", "size", "direction"),
    [
        (0.02, "negligible", "about the same norms"),
        (0.35, "small", "longer vectors"),
        (-0.65, "medium", "shorter vectors"),
        (1.2, "large", "longer vectors"),
    ],
)
def test_an_effect_has_cohens_word_and_its_direction(shift, size, direction):
    relevant = np.arange(N) % 4 == 0
    answer = relevance(evidence(normal(10, 1) + shift * relevant, judgements=judged(relevant)))
    assert size in answer.sentence
    assert direction in answer.sentence
    assert answer.low < answer.value < answer.high
    assert ("below 0" in answer.advice) == (shift < -0.2)
    assert ("above 0" in answer.advice) == (shift > 0.2)


def test_an_effect_whose_interval_holds_zero_is_no_effect():
    relevant = np.arange(N) < 6
    norms = normal(10, 1)
    norms[:6] = [9.0, 9.5, 10.0, 10.5, 11.0, 11.9]
    answer = relevance(evidence(norms, judgements=judged(relevant)))
    assert answer.low < 0 < answer.high
    assert "about the same norms" in answer.sentence


def test_groups_that_hardly_differ_are_said_to():
    relevant = np.arange(N) % 5 != 0
    answer = relevance(evidence(normal(10, 1), judgements=judged(relevant)))
    assert "80% of all documents are relevant" in answer.sentence


def test_what_length_explains_and_what_it_does_not_are_told_apart():
    relevant = CHANCE < LENGTHS / 400
    explained = evidence(np.log1p(LENGTHS) + normal(0, 0.2), lengths=LENGTHS, judgements=judged(relevant))
    assert "length explains it" in relevance_beyond_length(explained).sentence
    own = evidence(normal(10, 1) + relevant, lengths=LENGTHS, judgements=judged(relevant))
    assert "something that length does not" in relevance_beyond_length(own).sentence
    nothing = evidence(normal(10, 1), lengths=LENGTHS, judgements=judged(relevant))
    assert "adds next to nothing" in relevance_beyond_length(nothing).sentence


@pytest.mark.parametrize(
    ("power", "verdict"), [(-1, "undoes"), (0, "say different things"), (1, "counts part of it twice")]
)
def test_angle_and_norm_are_told_to_oppose_ignore_or_repeat_each_other(power, verdict):
    towards = UNITS @ np.ones(16)
    queries = 10 * np.ones((5, 16)) + UNITS[:5] / 4
    found = evidence(np.exp(power * towards) * np.exp(0.1 * NOISE), queries=queries)
    assert verdict in angle_and_norm(found).sentence


def test_documents_outdone_by_longer_ones_are_counted():
    assert self_dominance(evidence(normal(2, 0.01))).value == 0
    skewed = self_dominance(evidence(np.exp(NOISE)))
    assert skewed.value > 0.1
    assert f"{skewed.value:.1%}" in skewed.sentence
    assert "norm range" in skewed.advice

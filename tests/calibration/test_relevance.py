from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from norm_aware.calibration.relevance import RelevanceProbability, fit_steps, score_moments

GENERATOR = np.random.default_rng(0)


class Stored(NamedTuple):
    """Stored vectors, their offsets, vectors of queries, and the scores of all pairs."""

    vectors: np.ndarray
    offsets: np.ndarray
    queries: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        return self.queries.astype(np.float64) @ self.vectors.T + self.offsets

    def probability(self, thresholds=(0.0,), probabilities=(0.0,)) -> RelevanceProbability:
        moments = score_moments(self.vectors, self.offsets)
        return RelevanceProbability(*moments, np.array(thresholds), np.array(probabilities))


STORED = Stored(
    GENERATOR.normal(1, 2, size=(300, 5)).astype(np.float32),
    GENERATOR.normal(size=300),
    GENERATOR.normal(size=(7, 5)).astype(np.float32),
)


@pytest.mark.parametrize("offsets", [STORED.offsets, np.zeros(300)])
def test_standard_scores_are_counted_from_the_mean_over_all_documents_without_scoring_one(offsets):
    stored = STORED._replace(offsets=offsets)
    scores = stored.scores
    expected = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    found = stored.probability().standardized(stored.queries, scores)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_scores_of_a_few_documents_stand_where_they_stand_among_all():
    probability = STORED.probability()
    whole = probability.standardized(STORED.queries, STORED.scores)
    few = probability.standardized(STORED.queries, STORED.scores[:, [5, 100]])
    np.testing.assert_allclose(few, whole[:, [5, 100]])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_scores_that_do_not_differ_stand_out_by_0(scale):
    generator = np.random.default_rng(2)
    queries = generator.normal(size=(200, 5)).astype(np.float32)
    alike = Stored(np.repeat(STORED.vectors[:1], 997, axis=0) * np.float32(scale), np.zeros(997), queries)
    rounded = (alike.queries @ alike.vectors.T).astype(np.float64)
    assert not alike.probability().standardized(alike.queries, rounded).any()
    blank = np.zeros((1, 5), np.float32)
    assert (
        not STORED._replace(offsets=np.zeros(300)).probability().standardized(blank, np.zeros((1, 300))).any()
    )


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=40),
    st.lists(st.floats(-8, 8), min_size=1, max_size=9),
)
@settings(max_examples=100)
def test_the_steps_are_scikit_learns_isotonic_regression_also_for_equal_scores(pairs, asked):
    scores = np.array([score for score, _ in pairs], dtype=np.float64)
    relevant = np.array([is_relevant for _, is_relevant in pairs])
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, relevant)
    thresholds, levels = fit_steps(scores, relevant)
    np.testing.assert_allclose(np.interp(asked, thresholds, levels), oracle.predict(asked), atol=1e-9)
    assert (np.diff(thresholds) > 0).all()


def test_the_order_of_the_pairs_does_not_matter():
    scores, relevant = GENERATOR.integers(0, 6, size=80).astype(float), GENERATOR.random(80) < 0.4
    order = GENERATOR.permutation(80)
    for one, other in zip(
        fit_steps(scores, relevant), fit_steps(scores[order], relevant[order]), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_probabilities_lie_in_0_to_1_and_never_fall_as_the_score_rises():
    generator = np.random.default_rng(1)
    standard = STORED.probability().standardized(STORED.queries, STORED.scores)
    relevant = generator.random(standard.shape) < 1 / (1 + np.exp(2 - 2 * standard))
    probability = STORED.probability(*fit_steps(standard.ravel(), relevant.ravel()))
    found = probability(STORED.queries, STORED.scores)
    assert found.min() >= 0
    assert found.max() <= 1
    for of_query, scores in zip(found, STORED.scores, strict=True):
        assert (np.diff(of_query[np.argsort(scores)]) >= 0).all()
    assert found.mean() == pytest.approx(relevant.mean(), abs=1e-9)


@pytest.mark.parametrize("relevant", [True, False])
def test_where_all_or_none_are_relevant_every_score_says_so(relevant):
    thresholds, levels = fit_steps(np.arange(5.0), np.full(5, relevant))
    assert np.interp([-9, 2, 9], thresholds, levels).tolist() == [relevant] * 3


def test_a_level_is_kept_by_its_two_ends():
    thresholds, levels = fit_steps(np.arange(100.0), np.arange(100) >= 50)
    assert thresholds.tolist() == [0, 49, 50, 99]
    assert levels.tolist() == [0, 0, 1, 1]

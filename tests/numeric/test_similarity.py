from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.similarities import cosines, every, norms

from norm_aware import EuclideanSimilarity, WordRotatorSimilarity
from norm_aware.errors import QueryError
from norm_aware.numeric.similarity import (
    COSINE,
    DOCUMENT_NORMALIZED,
    DOT,
    NAMED,
    QUERY_NORMALIZED,
    PowerSimilarity,
    Similarity,
)

powers = st.floats(-3, 3)
vectors = st.lists(st.floats(-10, 10), min_size=3, max_size=3)


@given(vectors, vectors)
def test_the_named_similarities_are_what_their_names_say_of_real_vectors(q, d):
    q, d = np.array(q), np.array(d)
    query_norm, document_norm = np.linalg.norm(q), np.linalg.norm(d)
    if query_norm < 1e-6 or document_norm < 1e-6:
        return
    oracle = {
        COSINE: (q / query_norm) @ (d / document_norm),
        DOT: q @ d,
        QUERY_NORMALIZED: (q / query_norm) @ d,
        DOCUMENT_NORMALIZED: q @ (d / document_norm),
    }
    for similarity, expected in oracle.items():
        assert similarity.from_dot(q @ d, query_norm, document_norm) == pytest.approx(expected, abs=1e-9)


@given(cosines, norms, norms, powers, powers)
def test_the_power_family_is_its_formula(cosine, query_norm, document_norm, a, b):
    expected = cosine * math.pow(query_norm, a) * math.pow(document_norm, b)
    found = PowerSimilarity(a, b).score(cosine, query_norm, document_norm)
    assert found == pytest.approx(expected, rel=1e-9)


@given(cosines, norms, norms, powers, powers)
def test_scoring_by_dot_equals_scoring_by_cosine(cosine, query_norm, document_norm, a, b):
    similarity = PowerSimilarity(a, b)
    from_dot = similarity.from_dot(cosine * query_norm * document_norm, query_norm, document_norm)
    assert from_dot == pytest.approx(similarity.score(cosine, query_norm, document_norm), rel=1e-6, abs=1e-12)


@given(
    st.lists(st.tuples(cosines, norms), min_size=2, max_size=20), norms, st.floats(0.1, 2), st.floats(-1, 1)
)
def test_the_query_side_never_reorders_documents(documents, query_norm, query_power, document_power):
    cosine, document_norm = np.array(documents).T
    with_query = PowerSimilarity(query_power, document_power).score(cosine, query_norm, document_norm)
    without = PowerSimilarity(0, document_power).score(cosine, query_norm, document_norm)
    np.testing.assert_allclose(with_query, without * query_norm**query_power, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("similarity", [COSINE, DOT, PowerSimilarity(-1, -0.5), PowerSimilarity(0.5, 2)])
def test_a_zero_vector_scores_zero_whatever_the_powers(similarity):
    assert similarity.from_dot([0, 0, 0], [0, 2, 0], [3, 0, 0]).tolist() == [0, 0, 0]
    assert similarity.score([0, 0], [0, 2], [3, 0]).tolist() == [0, 0]


def test_scores_broadcast_as_numpy_does():
    scores = DOT.from_dot(np.ones((2, 1)), np.ones((2, 1)), np.ones(3))
    assert scores.shape == (2, 3)
    assert scores.dtype == np.float64


def test_zero_and_negative_scores_stay_as_they_are():
    assert DOT.from_dot([0.0, -2.0], 1.0, [1.0, 2.0]).tolist() == [0.0, -2.0]


def test_the_four_corners_have_names():
    assert {name: similarity.name for name, similarity in NAMED.items()} == {name: name for name in NAMED}
    assert str(PowerSimilarity(0, 0.5)) == "document_power=0.5"


@pytest.mark.parametrize("power", [17, float("nan"), "1", True, None, 10**400])
def test_a_power_that_is_no_number_within_reach_is_refused(power):
    with pytest.raises(QueryError, match=r"document_power is .*; a number from -16 to 16 .* 0 \(cosine\)"):
        PowerSimilarity(document_power=power)


@given(every, st.lists(st.tuples(cosines, norms), min_size=2, max_size=20), norms)
def test_documents_rank_by_their_terms_as_by_their_scores(similarity, documents, query_norm):
    cosine, document_norm = np.array(documents).T
    if isinstance(similarity, WordRotatorSimilarity):
        with pytest.raises(QueryError, match=r"word_rotator .* is not linear .* NormAwareRerank"):
            similarity.document_terms(document_norm)
        return
    slope, offset = similarity.document_terms(document_norm)
    assert slope.shape == offset.shape == document_norm.shape
    assert (slope >= 0).all()
    terms = similarity.query_factor(query_norm) * cosine * slope + offset
    scores = similarity.score(cosine, query_norm, document_norm)
    if isinstance(similarity, EuclideanSimilarity):
        scores = -(scores**2)
    # the two differ by a constant of the query, and so rank alike
    size = np.abs(scores).max() + np.abs(terms).max()
    np.testing.assert_allclose(terms - terms[0], scores - scores[0], rtol=0, atol=1e-12 * size)


@given(every, cosines, cosines, norms, norms)
def test_no_similarity_falls_as_the_cosine_rises(similarity, one, other, query_norm, document_norm):
    low, high = similarity.score(sorted([one, other]), query_norm, document_norm)
    assert low <= high


@given(every, cosines, norms, norms, norms, st.floats(0, 1), st.floats(0, 2))
def test_no_document_of_a_range_of_norms_scores_above_its_upper_bound(
    similarity, cosine, query_norm, one, other, at, below
):
    low, high = sorted((one, other))
    norm = low + at * (high - low)
    score = float(similarity.score(max(-1.0, cosine - below), query_norm, norm))
    bound = float(similarity.upper_bound(cosine, query_norm, low, high))
    assert score <= bound + 1e-9 * (abs(score) + abs(bound))


@given(every, st.tuples(norms, norms))
def test_every_similarity_broadcasts_and_scores_zero_vectors_with_a_number(similarity, lengths):
    query, document = lengths
    scores = similarity.from_dot(np.zeros((3, 1)), [[0.0], [query], [0.0]], [0.0, document])
    assert scores.shape == (3, 2)
    assert np.isfinite(scores).all()
    at_right_angle = similarity.score(np.zeros((3, 1)), [[0.0], [query], [0.0]], [0.0, document])
    np.testing.assert_array_equal(scores, at_right_angle)


def test_a_similarity_that_says_nothing_of_terms_is_not_stored_as_one_product():
    class Cubed(Similarity):
        name = "cubed"

        def score(self, cosine, query_norm, document_norm):
            return np.asarray(cosine) ** 3

    with pytest.raises(QueryError, match="cubed is not linear in the cosine"):
        Cubed().document_terms([1.0])
    assert Cubed().query_factor([2.0, 3.0]).tolist() == [1.0, 1.0]


def test_the_powers_terms_are_powers_and_those_of_a_zero_vector_zero():
    slope, offset = PowerSimilarity(0, -0.5).document_terms([0.0, 4.0])
    assert (slope.tolist(), offset.tolist()) == ([0.0, 0.5], [0.0, 0.0])
    assert PowerSimilarity(2, 0).query_factor([0.0, 3.0]).tolist() == [0.0, 9.0]


def test_a_similarity_is_a_frozen_hashable_value():
    assert len({PowerSimilarity(0, 0), COSINE, PowerSimilarity(0.0, 0.0)}) == 1
    with pytest.raises(AttributeError):
        COSINE.document_power = 1  # type: ignore[misc]

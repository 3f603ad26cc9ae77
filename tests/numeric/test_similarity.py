from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import QueryError
from norm_aware.numeric.similarity import (
    COSINE,
    DOCUMENT_NORMALIZED,
    DOT,
    NAMED,
    QUERY_NORMALIZED,
    PowerSimilarity,
    parse_similarity,
)

cosines = st.floats(-1, 1)
norms = st.floats(1e-3, 1e3)
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


@given(powers, powers)
def test_every_name_parses_back_to_its_similarity(a, b):
    assert parse_similarity(PowerSimilarity(a, b).name) == PowerSimilarity(a, b)


def test_the_four_corners_have_names():
    assert {name: similarity.name for name, similarity in NAMED.items()} == {name: name for name in NAMED}
    assert str(PowerSimilarity(0, 0.5)) == "document_power=0.5"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cosin",
        "document_power",
        "document_power=x",
        "document_power=nan",
        "document_power=17",
        "dot cosine",
    ],
)
def test_an_unknown_similarity_is_refused_with_the_ones_there_are(text):
    with pytest.raises(QueryError, match=r"cosine"):
        parse_similarity(text)


def test_a_similarity_is_a_frozen_hashable_value():
    assert len({PowerSimilarity(0, 0), COSINE, PowerSimilarity(0.0, 0.0)}) == 1
    with pytest.raises(AttributeError):
        COSINE.document_power = 1  # type: ignore[misc]

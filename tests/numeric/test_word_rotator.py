from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from tests.similarities import cosines, norms, word_rotator

from norm_aware.errors import QueryError
from norm_aware.numeric.word_rotator import WordRotatorSimilarity


@given(word_rotator, cosines, norms, norms)
def test_word_rotator_similarity_is_its_formula(similarity, cosine, query_norm, document_norm):
    expected = -(abs(query_norm - document_norm) + similarity.weight * math.acos(cosine))
    assert float(similarity.score(cosine, query_norm, document_norm)) == pytest.approx(expected)


@given(word_rotator, cosines, norms, norms)
def test_it_is_symmetric_and_at_most_zero(similarity, cosine, one, other):
    score = similarity.score(cosine, one, other)
    assert score == similarity.score(cosine, other, one)
    assert score <= 0


def test_a_vector_is_most_like_itself_also_where_rounding_made_its_cosine_more_than_one():
    similarity = WordRotatorSimilarity(1.0)
    assert similarity.score([1.0, 1 + 1e-15, -1 - 1e-15], 2.0, 2.0) == pytest.approx([0, 0, -math.pi])


def test_a_zero_vector_counts_as_being_at_a_right_angle():
    scores = WordRotatorSimilarity(2.0).from_dot(np.zeros(3), [0, 0, 3], [0, 3, 0])
    assert scores == pytest.approx([-math.pi, -3 - math.pi, -3 - math.pi])


def test_a_negative_weight_is_refused():
    with pytest.raises(QueryError, match="weight is -1; a number from 0"):
        WordRotatorSimilarity(-1)

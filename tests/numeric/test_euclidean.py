from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.similarity import COSINE

vectors = st.lists(st.floats(-10, 10), min_size=3, max_size=3)


@given(vectors, vectors)
def test_euclidean_similarity_is_minus_the_distance_of_real_vectors(q, d):
    q, d = np.array(q), np.array(d)
    score = EuclideanSimilarity().from_dot(q @ d, np.linalg.norm(q), np.linalg.norm(d))
    assert float(score) == pytest.approx(-np.linalg.norm(q - d), abs=1e-5)


def test_a_pair_with_a_zero_vector_scores_minus_the_others_norm():
    assert EuclideanSimilarity().from_dot(0.0, [0, 2, 0], [0, 0, 3]).tolist() == [0, -2, -3]


def test_vectors_that_nearly_agree_do_not_cancel():
    assert float(EuclideanSimilarity().score(1.0, 1e6, 1e6 + 1e-3)) == pytest.approx(-1e-3, rel=1e-6)
    assert float(EuclideanSimilarity().score(1 + 1e-15, 2.0, 2.0)) == 0


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0.1, 10))
def test_documents_of_one_norm_rank_as_by_cosine(cosines, norm):
    order = np.argsort(EuclideanSimilarity().score(cosines, 2.0, norm), kind="stable")
    assert (np.diff(np.array(COSINE.score(cosines, 2.0, norm))[order]) >= -1e-12).all()

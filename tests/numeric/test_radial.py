from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from tests.similarities import cosines, norms, radial

from norm_aware.errors import QueryError
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.similarity import COSINE


@given(radial, cosines, norms, norms)
def test_radial_similarity_is_its_formula(similarity, cosine, query_norm, document_norm):
    z = (document_norm - similarity.norm_mean) / similarity.norm_scale
    expected = cosine * expit(similarity.slope * z)
    assert float(similarity.score(cosine, query_norm, document_norm)) == pytest.approx(expected, rel=1e-9)


@given(cosines, norms)
def test_slope_zero_ranks_as_cosine_and_the_mean_norm_counts_half(cosine, norm):
    flat = RadialSimilarity(0, norm_mean=2, norm_scale=1)
    assert float(flat.score(cosine, 1.0, norm)) == float(COSINE.score(cosine, 1.0, norm)) / 2
    steep = RadialSimilarity(5, norm_mean=norm, norm_scale=1)
    assert float(steep.confidence(norm)) == 0.5


@given(st.floats(0.1, 5), norms, norms)
def test_the_sign_of_the_slope_says_which_norm_counts_more(slope, one, other):
    low, high = sorted([one, other])
    for sign in (1, -1):
        similarity = RadialSimilarity(sign * slope, norm_mean=10, norm_scale=10)
        short, long = similarity.confidence([low, high])
        assert sign * (long - short) >= 0


def test_the_largest_slope_overflows_nowhere():
    similarity = RadialSimilarity(1e9, norm_mean=1, norm_scale=1e-6)
    with np.errstate(all="raise", under="ignore"):
        assert similarity.confidence([0.0, 1.0, 1e30]).tolist() == [0, 0.5, 1]


def test_a_pair_with_a_zero_vector_scores_zero():
    similarity = RadialSimilarity.fit(1, [1.0, 3.0])
    assert similarity.from_dot(0.0, [0, 2, 0], [0, 0, 3]).tolist() == [0, 0, 0]


def test_it_is_fitted_to_the_documents_norms():
    similarity = RadialSimilarity.fit(-1, [1.0, 3.0])
    assert similarity == RadialSimilarity(-1, norm_mean=2, norm_scale=1)
    assert RadialSimilarity.fit(1, [2.0, 2.0]).norm_scale == 1


@pytest.mark.parametrize(
    ("slope", "scale", "found"), [(float("inf"), 1, "slope is inf"), (1, 0, "norm_scale is 0; a number from")]
)
def test_a_number_out_of_its_range_is_refused_by_name(slope, scale, found):
    with pytest.raises(QueryError, match=found):
        RadialSimilarity(slope, norm_mean=1, norm_scale=scale)

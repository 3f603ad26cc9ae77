from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.similarities import cosines, norms, scaled

from norm_aware.errors import QueryError
from norm_aware.numeric.scaled_similarity import ScaledSimilarity


@given(scaled, cosines, norms, norms)
def test_scaled_similarity_is_its_formula(similarity, cosine, query_norm, document_norm):
    zq = (query_norm - similarity.query_mean) / similarity.query_scale
    zd = (document_norm - similarity.document_mean) / similarity.document_scale
    expected = similarity.alpha * cosine + (1 - similarity.alpha) * (zq + zd)
    assert float(similarity.score(cosine, query_norm, document_norm)) == pytest.approx(expected, rel=1e-9)


@given(scaled, st.lists(st.tuples(cosines, norms), min_size=2, max_size=20), norms, norms)
def test_the_query_norm_never_reorders_documents(similarity, documents, one, other):
    cosine, document_norm = np.array(documents).T
    first, second = (similarity.score(cosine, length, document_norm) for length in (one, other))
    size = np.abs(first).max() + np.abs(second).max()
    np.testing.assert_allclose(first - first[0], second - second[0], rtol=0, atol=1e-12 * size)


@given(cosines, norms, norms)
def test_alpha_one_is_cosine_and_alpha_zero_the_norms_alone(cosine, query_norm, document_norm):
    cosine_alone = ScaledSimilarity.fit(1, [1.0, 3.0], [1.0, 5.0])
    assert float(cosine_alone.score(cosine, query_norm, document_norm)) == cosine
    norms_alone = ScaledSimilarity.fit(0, [1.0, 3.0], [1.0, 5.0])
    expected = (query_norm - 2) / 1 + (document_norm - 3) / 2
    assert float(norms_alone.score(cosine, query_norm, document_norm)) == pytest.approx(expected)


def test_each_side_is_standardised_by_its_own_norms():
    similarity = ScaledSimilarity.fit(0.5, [9.0, 11.0], [1.0, 3.0])
    assert (similarity.query_mean, similarity.query_scale) == (10, 1)
    assert (similarity.document_mean, similarity.document_scale) == (2, 1)
    assert float(similarity.score(0.0, 10.0, 2.0)) == 0


def test_constant_norms_leave_the_cosine():
    similarity = ScaledSimilarity.fit(0.5, [1.0, 1.0], [1.0, 1.0, 1.0])
    assert similarity.score([0.5, -0.5], 1.0, 1.0).tolist() == [0.25, -0.25]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"alpha": 1.5}, "alpha is 1.5; a number from 0 to 1"),
        ({"alpha": "much"}, "alpha is 'much'"),
        ({"query_scale": 0}, "query_scale is 0; a number from 1e-06"),
        ({"document_scale": -1}, "document_scale is -1"),
        ({"document_mean": float("nan")}, "document_mean is nan"),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(change, found):
    fields = {"alpha": 0.5, "query_mean": 1, "query_scale": 1, "document_mean": 1, "document_scale": 1}
    with pytest.raises(QueryError, match=found):
        ScaledSimilarity(**{**fields, **change})

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from tests.similarities import cosines, logistics, norms

from norm_aware.errors import QueryError
from norm_aware.numeric.logistic_similarity import LogisticSimilarity

PLAIN = LogisticSimilarity(
    intercept=-2,
    cosine=8,
    query_norm=0.25,
    document_norm=0.5,
    product=-1,
    query_mean=3,
    query_scale=1,
    document_mean=2,
    document_scale=0.5,
)


def clipped(norm: float, mean: float, scale: float) -> float:
    return max(-3.0, min(3.0, (norm - mean) / scale))


@given(logistics(), cosines, norms, norms)
def test_the_score_is_the_logit_of_its_features(similarity, cosine, query_norm, document_norm):
    zq = clipped(query_norm, similarity.query_mean, similarity.query_scale)
    zd = clipped(document_norm, similarity.document_mean, similarity.document_scale)
    expected = (
        similarity.intercept
        + similarity.cosine * cosine
        + similarity.query_norm * zq
        + similarity.document_norm * zd
        + similarity.product * cosine * zd
    )
    found = float(similarity.score(cosine, query_norm, document_norm))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_norm_beyond_three_deviations_counts_no_further():
    scores = PLAIN.score(0.5, 3.0, [3.5, 4.0, 100.0, 0.5, 0.0])
    assert scores[0] == scores[1] == scores[2]
    assert scores[3] == scores[4]


def test_a_pair_with_a_zero_vector_scores_the_logit_at_cosine_zero():
    assert PLAIN.from_dot(0.0, [3.0, 0.0], [0.0, 2.0]).tolist() == [-2 - 3 * 0.5, -2 - 3 * 0.25]


@pytest.mark.parametrize("product", [8 / 3 + 0.01, -8 / 3 - 0.01])
def test_a_scorer_that_could_fall_as_the_cosine_rises_is_refused(product):
    with pytest.raises(QueryError, match="is not monotone in the cosine"):
        dataclasses.replace(PLAIN, product=product)
    with pytest.raises(QueryError, match="is not monotone in the cosine"):
        dataclasses.replace(PLAIN, cosine=-1, product=0)


@pytest.mark.parametrize(
    ("field", "value"), [("intercept", float("nan")), ("query_scale", 0), ("document_norm", None)]
)
def test_a_number_out_of_its_range_is_refused_by_name(field, value):
    with pytest.raises(QueryError, match=f"{field} is .*; a number from"):
        dataclasses.replace(PLAIN, **{field: value})


def test_it_explains_itself_in_one_sentence_with_its_coefficients():
    sentence = PLAIN.explain()
    assert sentence.startswith(
        "The logit of relevance is -2 +8 * cosine +0.25 * zq +0.5 * zd -1 * cosine * zd, where"
    )
    assert "(3 ± 1 and 2 ± 0.5)" in sentence
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")


def test_probabilities_rank_as_scores_do():
    scores = PLAIN.score(np.linspace(-1, 1, 9), 3.0, 2.0)
    assert (np.diff(1 / (1 + np.exp(-scores))) > 0).all()

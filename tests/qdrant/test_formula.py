from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models
from tests.similarities import linear

from norm_aware import (
    COSINE,
    DOT,
    EuclideanSimilarity,
    LogisticSimilarity,
    PowerSimilarity,
    RadialSimilarity,
    ScaledSimilarity,
    Similarity,
    WordRotatorSimilarity,
)
from norm_aware.errors import QueryError
from norm_aware.qdrant.formula import recover_dots, to_formula

DIMENSION = 6


def documents(seed: int, count: int = 40) -> np.ndarray:
    """Vectors at all angles and of many lengths, with a zero vector and one that stands twice."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, DIMENSION)) * generator.lognormal(0, 1, (count, 1))
    vectors[0] = 0
    vectors[1] = vectors[2]
    return vectors.astype(np.float32)


def scored(similarity: Similarity, vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """What a real Qdrant makes of the formula, in the documents' order."""
    client = QdrantClient(":memory:")
    client.create_collection("c", models.VectorParams(size=DIMENSION, distance=models.Distance.DOT))
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    client.upsert(
        "c",
        [
            models.PointStruct(id=i, vector=vector.tolist(), payload={"norm": length})
            for i, (vector, length) in enumerate(zip(vectors, lengths.tolist(), strict=True))
        ],
    )
    query_norm = float(np.linalg.norm(query))
    unit = query / query_norm if query_norm else query
    found = client.query_points(
        "c",
        prefetch=models.Prefetch(query=unit.tolist(), limit=len(vectors)),
        query=models.FormulaQuery(
            formula=to_formula(similarity, query_norm=query_norm, dot="$score", norm="norm")
        ),
        limit=len(vectors),
    ).points
    assert len(found) == len(vectors)
    return np.array([point.score for point in sorted(found, key=lambda point: point.id)])


def by_angle(vectors: np.ndarray, query: np.ndarray) -> list[tuple[float, float, float]]:
    """(cosine, query norm, document norm) of each document, worked out in plain Python."""
    rows = []
    for vector in vectors.astype(np.float64):
        q, d = math.hypot(*query), math.hypot(*vector)
        rows.append((math.fsum(vector * query) / (q * d) if q * d else 0.0, q, d))
    return rows


@settings(max_examples=60)
@given(linear, st.integers(0, 10_000))
def test_qdrant_computes_what_the_similarity_does(similarity, seed):
    vectors, query = documents(seed), documents(seed + 1)[3].astype(np.float64)
    expected = np.array([float(similarity.score(*row)) for row in by_angle(vectors, query)])
    found = scored(similarity, vectors, query)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * (1 + np.abs(expected).max()))


@settings(max_examples=60)
@given(linear, st.integers(0, 10_000))
def test_the_dot_comes_back_from_a_float32_score(similarity, seed):
    vectors, query = documents(seed), documents(seed + 1)[3].astype(np.float64)
    cosines, query_norms, lengths = np.array(by_angle(vectors, query)).T
    scores = similarity.score(cosines, query_norms, lengths).astype(np.float32)
    dots = recover_dots(similarity, scores, query_norm=query_norms[0], document_norms=lengths)
    exact = cosines * query_norms * lengths
    # what is lost to float32 is a part of the score, in units of what the cosine moves it by
    if isinstance(similarity, EuclideanSimilarity):
        np.testing.assert_allclose(dots, exact, atol=2e-7 * (query_norms[0] ** 2 + lengths.max() ** 2))
        return
    flat, aligned = (similarity.score(cosine, query_norms, lengths) for cosine in (0.0, 1.0))
    kept = aligned - flat > np.maximum(1e-4 * np.abs(flat), 1e-30)
    np.testing.assert_allclose(dots[kept], exact[kept], atol=2e-3 * (query_norms * lengths).max())
    assert (dots[~kept] == 0).all()


def test_the_dots_of_well_conditioned_scores_are_sharp():
    vectors, query = documents(1), documents(2)[3].astype(np.float64)
    cosines, query_norms, lengths = np.array(by_angle(vectors, query)).T
    exact = cosines * query_norms * lengths
    for similarity in (
        COSINE,
        DOT,
        PowerSimilarity(0.5, -0.5),
        ScaledSimilarity.fit(0.5, [1.0, 3.0], lengths),
        RadialSimilarity.fit(1, lengths),
        EuclideanSimilarity(),
    ):
        found = scored(similarity, vectors, query)
        dots = recover_dots(similarity, found, query_norm=query_norms[0], document_norms=lengths)
        np.testing.assert_allclose(dots, exact, rtol=1e-4, atol=1e-5 * query_norms[0] * lengths.max())


def test_a_score_that_the_cosine_does_not_move_gives_a_dot_of_zero():
    norm_alone = ScaledSimilarity.fit(0, [1.0], [1.0, 3.0])
    assert recover_dots(norm_alone, [2.0, 1.0], query_norm=1.0, document_norms=[5.0, 3.0]).tolist() == [0, 0]


@pytest.mark.parametrize(
    "similarity",
    [
        PowerSimilarity(1, -3),
        PowerSimilarity(-3, 1),
        ScaledSimilarity.fit(0.5, [1.0], [1.0]),
        EuclideanSimilarity(),
        RadialSimilarity(1e9, norm_mean=1, norm_scale=1e-6),
        RadialSimilarity(-1e9, norm_mean=1, norm_scale=1e-6),
        LogisticSimilarity(
            intercept=0,
            cosine=3,
            query_norm=1,
            document_norm=1,
            product=-1,
            query_mean=0,
            query_scale=1e-6,
            document_mean=0,
            document_scale=1e-6,
        ),
    ],
)
def test_no_formula_fails_on_zero_vectors_or_steep_curves(similarity):
    vectors = documents(3)
    for query in (np.zeros(DIMENSION), vectors[5].astype(np.float64)):
        expected = [float(similarity.score(*row)) for row in by_angle(vectors, query)]
        size = 1 + np.abs(expected).max()
        # a document that is the query: the root of float32's rounding is left of a distance of 0
        np.testing.assert_allclose(scored(similarity, vectors, query), expected, rtol=1e-4, atol=2e-3 * size)


def test_what_qdrant_cannot_compute_is_refused_with_what_it_can():
    class Steeper(PowerSimilarity):
        """A subclass may score otherwise than its parent's formula."""

    for similarity in (WordRotatorSimilarity(1), Steeper()):
        with pytest.raises(QueryError, match=rf"cannot compute {similarity}, only .*NormAwareRerank"):
            to_formula(similarity, query_norm=1.0, dot="$score", norm="norm")

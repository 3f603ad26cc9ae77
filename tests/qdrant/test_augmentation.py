from __future__ import annotations

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
    PowerSimilarity,
    ScaledSimilarity,
    Similarity,
    WordRotatorSimilarity,
)
from norm_aware.errors import DimensionError, EmbeddingError, QueryError
from norm_aware.qdrant.augmentation import augment_documents, augment_query
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.search import SearchOptions, search


def vectors_of(seed: int, count: int = 60, dimension: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, dimension)) * generator.lognormal(0, 0.7, (count, 1))
    vectors[0] = 0
    return vectors.astype(np.float32)


def by_dot(vectors: np.ndarray, query: np.ndarray, similarity: Similarity) -> list[int]:
    """Ids in the order of a plain Dot search over augmented vectors."""
    client = QdrantClient(":memory:")
    stored = augment_documents(vectors, similarity)
    client.create_collection("a", models.VectorParams(size=stored.shape[1], distance=models.Distance.DOT))
    client.upsert("a", [models.PointStruct(id=i, vector=v.tolist()) for i, v in enumerate(stored)])
    asked = augment_query(query, similarity).tolist()
    return [point.id for point in client.query_points("a", query=asked, limit=len(vectors)).points]


def by_formula(vectors: np.ndarray, query: np.ndarray, similarity: Similarity) -> list[int]:
    """Ids in the order of a search over the raw vectors."""
    client = QdrantClient(":memory:")
    contract = Contract("e", "f", vectors.shape[1])
    run(client, create_collection("c", contract, payload_index=False))
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    client.upsert(
        "c",
        [
            models.PointStruct(id=i, vector=v.tolist(), payload={"norm": float(n)})
            for i, (v, n) in enumerate(zip(vectors, lengths, strict=True))
        ],
    )
    options = SearchOptions(similarity, exact=True)
    steps = search("c", query, limit=len(vectors), contract=contract, options=options, local=True)
    return [hit.point.id for hit in run(client, steps).hits]


def brute_force(vectors: np.ndarray, query: np.ndarray, similarity: Similarity) -> np.ndarray:
    d, q = vectors.astype(np.float64), query.astype(np.float64)
    scores = similarity.from_dot(d @ q, np.linalg.norm(q), np.linalg.norm(d, axis=1))
    # the Euclidean inner product is of squares
    return -(scores**2) if isinstance(similarity, EuclideanSimilarity) else scores


@settings(max_examples=40)
@given(linear, st.integers(0, 10_000))
def test_a_plain_dot_search_over_augmented_vectors_ranks_as_the_similarity_and_its_formula(similarity, seed):
    vectors, query = vectors_of(seed), vectors_of(seed + 1)[1]
    scores = brute_force(vectors, query, similarity)
    resolution = 1e-5 * np.abs(scores).max() + 1e-30  # scores closer than float32 can tell are ties
    for order in (by_dot(vectors, query, similarity), by_formula(vectors, query, similarity)):
        assert sorted(order) == list(range(len(vectors)))
        assert (np.diff(scores[order]) <= resolution).all()


def test_a_zero_query_ranks_by_the_offsets():
    vectors, query = vectors_of(1), np.zeros(5, np.float32)
    assert (
        by_dot(vectors, query, EuclideanSimilarity()) == np.argsort(np.linalg.norm(vectors, axis=1)).tolist()
    )
    assert augment_query(query, DOT).tolist() == [0, 0, 0, 0, 0, 1]


def test_augmented_documents_are_float32_of_one_more_dimension_and_zero_vectors_stay_finite():
    similarity = ScaledSimilarity.fit(0.5, [1.0], [1.0, 3.0])
    stored = augment_documents([[0.0, 0.0], [0.0, 3.0]], similarity)
    assert stored.dtype == np.float32
    assert stored.tolist() == [[0, 0, -1], [0, 0.5, 0.5]]
    assert augment_documents(np.zeros((0, 3)), COSINE).shape[0] == 0


def test_dot_stores_the_vectors_as_they_are():
    vectors = vectors_of(2)
    stored = augment_documents(vectors, DOT)
    np.testing.assert_allclose(stored[:, :-1], vectors, rtol=1e-6)
    assert not stored[:, -1].any()


def test_a_similarity_that_no_inner_product_ranks_by_is_refused_on_both_sides():
    for augment in (lambda s: augment_documents([[1.0]], s), lambda s: augment_query([1.0], s)):
        with pytest.raises(QueryError, match="not linear in the cosine"):
            augment(WordRotatorSimilarity(1))


def test_bad_embeddings_are_refused():
    with pytest.raises(EmbeddingError, match="Document 1 has an embedding with NaN"):
        augment_documents([[1.0], [float("nan")]], COSINE)
    with pytest.raises(EmbeddingError, match="Query 0 has an embedding with NaN"):
        augment_query([float("inf")], COSINE)
    for vectors in ([1.0, 2.0], [[1.0], [2.0, 3.0]]):
        with pytest.raises(DimensionError, match=r"shape \(documents, dimension\) are needed"):
            augment_documents(vectors, COSINE)
    with pytest.raises(DimensionError, match=r"shape \(dimension,\) are needed"):
        augment_query([[1.0]], COSINE)


def test_numbers_beyond_float32_are_refused_before_they_become_infinite():
    with pytest.raises(EmbeddingError, match="document_power=16.0 makes of these norms .* beyond float32"):
        augment_documents([[1e3]], PowerSimilarity(document_power=16))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models
from tests.qdrant.searched import brute_force, filled, skewed
from tests.similarities import linear

from norm_aware import (
    EuclideanSimilarity,
    LogisticSimilarity,
    RadialSimilarity,
    ScaledSimilarity,
    WordRotatorSimilarity,
)
from norm_aware.errors import CollectionError, MissingNormError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity, Similarity
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.edges import RANGES
from norm_aware.qdrant.options import SearchOptions, default_candidates
from norm_aware.qdrant.search import require_searchable, search

# local mode stands for a server here, and warns when it is told how to search
pytestmark = pytest.mark.filterwarnings("ignore:Local mode performs exact")


@settings(max_examples=40)
@given(linear, st.integers(0, 10_000), st.integers(1, 40), st.booleans())
def test_an_exact_search_is_brute_force_for_every_similarity_with_a_formula(similarity, seed, limit, offset):
    vectors = skewed(seed, count=40)
    vectors[0], vectors[1] = 0, vectors[2]
    query = skewed(seed + 1, count=1)[0]
    offsets = {i: float(np.sin(i)) for i in range(0, 40, 3)}
    client = QdrantClient(":memory:")
    contract = filled(client, vectors, offsets=offsets)
    options = SearchOptions(similarity, exact=True, offset=offset)
    hits = run(client, search("c", query, limit=limit, contract=contract, options=options, local=True)).hits
    scores = brute_force(vectors, query, similarity)
    if offset:
        scores = scores + [offsets.get(i, 0.0) for i in range(40)]
    tolerance = 1e-5 * (1 + np.abs(scores).max())
    found = [hit.score for hit in hits]
    np.testing.assert_allclose(found, np.sort(scores)[::-1][:limit], rtol=1e-4, atol=tolerance)
    for hit in hits:
        assert hit.score == pytest.approx(scores[hit.point.id], rel=1e-4, abs=tolerance)
        assert hit.offset == (offsets.get(hit.point.id, 0.0) if offset else 0.0)


def some_similarities(vectors: np.ndarray) -> list[Similarity]:
    lengths = norms(vectors)
    return [
        COSINE,
        DOT,
        PowerSimilarity(0.5, -0.5),
        ScaledSimilarity.fit(0.97, [2.0, 3.0], lengths),
        EuclideanSimilarity(),
        RadialSimilarity.fit(-1, lengths),
        LogisticSimilarity(
            intercept=-1,
            cosine=8,
            query_norm=0.5,
            document_norm=0.2,
            product=1,
            query_mean=3,
            query_scale=1,
            document_mean=float(lengths.mean()),
            document_scale=float(lengths.std()),
        ),
    ]


@pytest.mark.parametrize("offset", [False, True])
def test_a_hits_numbers_give_its_score_back_under_every_similarity(offset):
    vectors = skewed(3)
    query = skewed(4, count=1)[0]
    client = QdrantClient(":memory:")
    contract = filled(client, vectors, offsets={i: 0.1 * np.cos(i) for i in range(300)})
    for similarity in some_similarities(vectors):
        options = SearchOptions(similarity, offset=offset)
        hits = run(client, search("c", query, limit=20, contract=contract, options=options, local=True)).hits
        for hit in hits:
            assert hit.dot == pytest.approx(float(vectors[hit.point.id] @ query), rel=1e-4, abs=1e-4)
            assert hit.query_norm == pytest.approx(float(np.linalg.norm(query)))
            score = similarity.from_dot(hit.dot, hit.query_norm, hit.document_norm) + hit.offset
            assert hit.score == pytest.approx(float(score), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("offset", [False, True])
def test_norm_ranges_find_what_every_other_similarity_ranks_first(offset):
    vectors = skewed(5, count=800)
    added = 0.02 * np.sin(np.arange(800)) * offset
    client = QdrantClient(":memory:")
    contract = filled(client, vectors, ranges=RANGES, offsets=dict(enumerate(added.tolist())))
    whole = Contract("e", "f", vectors.shape[1])
    found = one = 0
    for similarity in some_similarities(vectors)[3:]:
        for query in skewed(6, count=3):
            scores = brute_force(vectors, query, similarity) + added
            best = set(np.argsort(-scores)[:5].tolist())
            for contracted, candidates in ((contract, 25), (whole, 50)):  # of 50 documents a range, of 800
                options = SearchOptions(similarity, candidates=candidates, certify=False, offset=offset)
                hits = run(client, search("c", query, limit=5, contract=contracted, options=options)).hits
                held = len(best & {hit.point.id for hit in hits})
                found, one = (found + held, one) if contracted is contract else (found, one + held)
    assert found >= 59
    assert one < 50


def test_offsets_count_only_where_they_are_asked_for_and_dot_takes_them_too():
    vectors = np.array([[1, 0], [2, 0], [3, 0]], dtype=np.float32)
    client = QdrantClient(":memory:")
    contract = filled(client, vectors, ranges=2, offsets={0: 5.0, 2: -5.0})
    query = np.array([2, 0], np.float32)
    for offset, expected in ((False, {2: 6, 1: 4, 0: 2}), (True, {0: 7, 1: 4, 2: 1})):
        options = SearchOptions(DOT, offset=offset)
        hits = run(client, search("c", query, limit=3, contract=contract, options=options, local=True)).hits
        assert [hit.point.id for hit in hits] == list(expected)
        assert [hit.score for hit in hits] == pytest.approx(list(expected.values()))
        assert {hit.point.id: hit.dot for hit in hits} == pytest.approx({0: 2, 1: 4, 2: 6})


def test_dot_without_offsets_is_one_plain_dot_request():
    for offset in (False, True):
        steps = search(
            "c",
            np.array([3, 4], np.float32),
            limit=1,
            contract=Contract("e", "f", 2),
            options=SearchOptions(DOT, offset=offset),
        )
        arguments = next(steps).arguments
        assert ("requests" in arguments) is offset
        assert (arguments.get("query") == [3.0, 4.0]) is not offset


@pytest.mark.parametrize(
    ("similarity", "offset", "expected"),
    [(COSINE, False, 25), (EuclideanSimilarity(), False, 100), (COSINE, True, 100), (DOT, True, 100)],
)
def test_more_candidates_are_taken_outside_the_power_family_and_for_offsets(similarity, offset, expected):
    steps = search(
        "c",
        np.ones(2, np.float32),
        limit=10,
        contract=Contract("e", "f", 2),
        options=SearchOptions(similarity, offset=offset),
    )
    assert [prefetch.limit for prefetch in next(steps).arguments["requests"][0].prefetch] == [expected]


@pytest.mark.parametrize("document_power", [-0.5, 0.0, 0.5, 1.0])
def test_norm_ranges_find_what_one_dot_prefetch_would_miss(client, document_power):
    vectors = skewed(5, count=1500)
    contract = filled(client, vectors, ranges=RANGES)
    whole = Contract("e", "f", vectors.shape[1])
    similarity = PowerSimilarity(document_power=document_power)
    found = one = 0
    for query in skewed(6, count=10):
        best = set(np.argsort(-brute_force(vectors, query, similarity))[:10].tolist())
        for contracted in (contract, whole):
            options = SearchOptions(
                similarity, candidates=None if contracted is contract else 100, certify=False
            )
            hits = run(client, search("c", query, limit=10, contract=contracted, options=options)).hits
            held = len(best & {hit.point.id for hit in hits})
            found, one = (found + held, one) if contracted is contract else (found, one + held)
    assert found >= 99
    assert one <= found
    if document_power <= 0:
        assert one < 80


def test_local_mode_scores_every_document_unless_candidates_are_given():
    vectors = skewed(5, count=600)
    client = QdrantClient(":memory:")
    contract = filled(client, vectors)
    query = skewed(6, count=1)[0]
    similarity = PowerSimilarity(document_power=-2)
    best = np.argsort(-brute_force(vectors, query, similarity))[:10].tolist()
    for candidates, is_exact in ((None, True), (1, False)):
        options = SearchOptions(similarity, candidates=candidates)
        hits = run(client, search("c", query, limit=10, contract=contract, options=options, local=True)).hits
        assert ([hit.point.id for hit in hits] == best) is is_exact


@pytest.mark.parametrize(
    ("limit", "document_power", "expected"), [(1, 0.5, 25), (10, 0, 25), (100, 1, 250), (10, -0.5, 100)]
)
def test_more_candidates_are_taken_for_more_hits_and_for_negative_powers(limit, document_power, expected):
    assert default_candidates(limit, document_power) == expected


def test_a_filter_holds_in_every_range(client):
    vectors = skewed(7)
    contract = filled(client, vectors)
    even = models.Filter(must=[models.FieldCondition(key="even", match=models.MatchValue(value=True))])
    query = skewed(8, count=1)[0]
    for exact in (False, True):
        for similarity in (COSINE, DOT):
            options = SearchOptions(similarity, candidates=25, exact=exact, qdrant_filters=even)
            hits = run(
                client, search("c", query, limit=10, contract=contract, options=options, local=True)
            ).hits
            scores = brute_force(vectors, query, similarity)
            best = sorted(range(0, 300, 2), key=lambda i: -scores[i])[:10]
            assert [hit.point.id for hit in hits] == best


def test_zero_and_negative_scores_are_returned_as_they_are(client):
    vectors = np.array([[1, 0], [0, 2], [-3, 0], [0, 0]], dtype=np.float32)
    contract = filled(client, vectors, ranges=2)
    for exact in (False, True):
        options = SearchOptions(COSINE, exact=exact)
        hits = run(
            client,
            search(
                "c", np.array([2, 0], np.float32), limit=4, contract=contract, options=options, local=True
            ),
        ).hits
        assert {hit.point.id: hit.score for hit in hits} == pytest.approx({0: 1, 1: 0, 2: -1, 3: 0})


def test_a_zero_query_scores_everything_zero(client):
    contract = filled(client, skewed(1))
    hits = run(
        client,
        search(
            "c", np.zeros(8, np.float32), limit=3, contract=contract, options=SearchOptions(DOT), local=True
        ),
    ).hits
    assert [hit.score for hit in hits] == [0, 0, 0]


def test_a_similarity_that_qdrant_cannot_compute_is_refused():
    with pytest.raises(QueryError, match="cannot compute word_rotator weight=1.0, .*NormAwareRerank"):
        SearchOptions(WordRotatorSimilarity(1))
    with pytest.raises(QueryError, match="cannot compute word_rotator"):
        SearchOptions("word_rotator weight=1")


def test_candidates_below_one_are_refused():
    with pytest.raises(QueryError, match="candidates is 0; at least 1"):
        SearchOptions(candidates=0)


def test_a_collection_without_points_or_norms_is_not_searched(client):
    run(client, create_collection("c", Contract("e", "f", 2), payload_index=False))
    with pytest.raises(CollectionError, match="holds no documents"):
        run(client, require_searchable("c", points=0, contract=Contract(None, None, 2)))
    client.upsert("c", [models.PointStruct(id=1, vector=[1, 2], payload={})])
    with pytest.raises(
        MissingNormError, match=r"1 points without 'norm'.*norm-aware backfill --collection c"
    ):
        run(client, require_searchable("c", points=1, contract=Contract(None, None, 2)))
    with pytest.raises(MissingNormError, match="norm-aware backfill"):
        run(
            client,
            search(
                "c",
                np.ones(2, np.float32),
                limit=1,
                contract=Contract("e", "f", 2),
                options=SearchOptions(DOT),
            ),
        )

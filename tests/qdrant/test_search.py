from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models
from tests.similarities import linear

from norm_aware import (
    EuclideanSimilarity,
    LogisticSimilarity,
    RadialSimilarity,
    ScaledSimilarity,
    WordRotatorSimilarity,
)
from norm_aware.errors import CollectionError, MissingNormError, QueryError
from norm_aware.geometry.norms import norm_edges, norms
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity, Similarity
from norm_aware.qdrant.calibrated import store_raw
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import OFFSET, Contract, create_collection
from norm_aware.qdrant.edges import RANGES, refresh_edges
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.options import SearchOptions, default_candidates
from norm_aware.qdrant.search import require_searchable, search


def filled(
    client: QdrantClient, vectors: np.ndarray, *, ranges: int = 8, offsets: dict[int, float] | None = None
) -> Contract:
    lengths = norms(vectors)
    contract = Contract("e", "f", vectors.shape[1], norm_edges=norm_edges(lengths, ranges=ranges))
    run(client, create_collection("c", contract, payload_index=False))
    client.upsert(
        "c",
        [
            models.PointStruct(
                id=i,
                vector=v.tolist(),
                payload={"norm": float(n), "even": i % 2 == 0}
                | ({OFFSET: offsets[i]} if offsets and i in offsets else {}),
            )
            for i, (v, n) in enumerate(zip(vectors, lengths, strict=True))
        ],
    )
    return contract


def skewed(seed: int, count: int = 300, dimension: int = 8) -> np.ndarray:
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(count, dimension))
    return (directions * generator.lognormal(0, 1, (count, 1))).astype(np.float32)


def brute_force(vectors: np.ndarray, query: np.ndarray, similarity: Similarity) -> np.ndarray:
    return similarity.from_dot(
        vectors.astype(np.float64) @ query.astype(np.float64), np.linalg.norm(query), norms(vectors)
    )


@settings(max_examples=40, deadline=None)
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


@pytest.mark.filterwarnings("ignore:Local mode performs exact")  # it is searched as a server is
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


def grown(
    client: QdrantClient,
    vectors: np.ndarray,
    *,
    placed_at: int | None = None,
    stored_power: float = 1.0,
    every: int = 1,
) -> Contract:
    """A collection whose edges were placed when it held its first points, and which has grown since.

    Of the inner edges only each so many are kept, so that few documents make ranges of many.
    """
    contract = Contract("e", "f", vectors.shape[1], stored_power=stored_power)
    run(client, create_collection("c", contract, payload_index=False))
    points = [
        models.PointStruct(id=i, vector=vector, payload=payload | {"even": i % 2 == 0})
        for i, (vector, payload) in enumerate(store_raw(vectors, stored_power))
    ]
    client.upsert("c", points[:placed_at])
    contract = run(client, refresh_edges("c", contract))
    inner = contract.norm_edges[1:-1][::every]
    contract = dataclasses.replace(
        contract, norm_edges=(*contract.norm_edges[:1], *inner, *contract.norm_edges[1:][-1:])
    )
    if points[placed_at:]:
        client.upsert("c", points[placed_at:])
    return contract


EVEN = models.Filter(must=[models.FieldCondition(key="even", match=models.MatchValue(value=True))])


@st.composite
def collections(draw: st.DrawFn) -> np.ndarray:
    count, dimension = draw(st.integers(20, 120)), draw(st.integers(2, 12))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    vectors = generator.normal(size=(count, dimension))
    if draw(st.booleans()):  # norms that tell nothing of the dimension
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= generator.lognormal(0, draw(st.sampled_from([0.0, 0.2, 0.7, 1.5])), (count, 1))
    vectors[: draw(st.integers(0, 8))] = 0
    return vectors.astype(np.float32)


exponents = st.builds(PowerSimilarity, st.sampled_from([0.0, 1.0]), st.floats(-1, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(exponents, exponents, linear),
    collections(),
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from([1.0, 1.0, 0.0, 0.5, -1.0]),
    st.sampled_from([1, 4, 20]),
    st.booleans(),
)
def test_a_certified_answer_is_brute_forces_up_to_ties(
    similarity, vectors, seed, limit, candidates, stored_power, every, filtered
):
    query = np.random.default_rng(seed).normal(size=vectors.shape[1]).astype(np.float32)
    client = QdrantClient(":memory:")
    placed = max(1, len(vectors) - 15)
    contract = grown(client, vectors, placed_at=placed, stored_power=stored_power, every=every)
    options = SearchOptions(similarity, candidates=candidates, qdrant_filters=EVEN if filtered else None)
    found = run(client, search("c", query, limit=limit, contract=contract, options=options))
    scores = brute_force(vectors, query, similarity)
    tolerance = 1e-5 * (1e-3 + np.abs(scores).max()) + tolerance_of_dots(similarity, vectors, query)
    for hit in found.hits:
        assert hit.score == pytest.approx(scores[hit.point.id], rel=1e-4, abs=tolerance)
    if found.certified:
        best = np.sort(scores[::2] if filtered else scores)[::-1][:limit]
        np.testing.assert_allclose([hit.score for hit in found.hits], best, rtol=1e-4, atol=tolerance)


def tolerance_of_dots(similarity: Similarity, vectors: np.ndarray, query: np.ndarray) -> float:
    """What a distance near 0 loses to the rounding of a float32 inner product."""
    if not isinstance(similarity, EuclideanSimilarity):
        return 0.0
    return float(1e-3 * max(np.linalg.norm(query), norms(vectors).max()))


def test_answers_are_certified_and_mostly_in_the_first_round():
    vectors = skewed(5, count=480, dimension=16)
    client = QdrantClient(":memory:")
    contract = grown(client, vectors)
    for similarity in (PowerSimilarity(document_power=0.5), COSINE, EuclideanSimilarity()):
        options = SearchOptions(similarity, candidates=12)
        found = [
            run(client, search("c", query, limit=3, contract=contract, options=options))
            for query in skewed(6, count=8, dimension=16)
        ]
        assert all(answer.certified for answer in found)
        assert sum(answer.rounds == 1 for answer in found) >= 5


def test_only_ranges_that_may_hide_a_better_document_are_asked_again():
    vectors = skewed(5, count=800)
    client = QdrantClient(":memory:")
    contract = grown(client, vectors)
    asked: list[tuple[int, int]] = []
    steps = search(
        "c",
        skewed(6, count=1)[0],
        limit=10,
        contract=contract,
        options=SearchOptions(COSINE, candidates=5, max_candidates=1000),
    )

    def watched():
        reply = None
        while True:
            try:
                wanted = steps.send(reply)
            except StopIteration as stop:
                return stop.value
            prefetch = wanted.arguments["requests"][0].prefetch
            asked.append((len(prefetch), prefetch[0].limit))
            reply = yield wanted

    found = run(client, watched())
    assert found.certified
    assert found.rounds == len(asked) > 1
    assert asked[0] == (RANGES + 2, 5)
    assert [candidates for _, candidates in asked] == [5, 20, 80, 320, 1000][: len(asked)]
    assert asked == sorted(asked, key=lambda pair: -pair[0])
    assert asked[1][0] < asked[0][0]


@pytest.mark.parametrize("most", [3, 7, 12, 13])
def test_the_limit_is_honoured_and_an_answer_cut_off_there_is_not_called_certified(most):
    vectors = skewed(5, count=400)
    client = QdrantClient(":memory:")
    contract = grown(client, vectors, every=20)
    similarity = PowerSimilarity(document_power=-1)
    for query in skewed(6, count=3):
        options = SearchOptions(similarity, candidates=3, max_candidates=most)
        found = run(client, search("c", query, limit=5, contract=contract, options=options))
        assert found.rounds == 1 + (most > 3) + (most > 12)
        assert not found.certified
        assert len(found.hits) == 5
    capped = SearchOptions(similarity, max_candidates=most)  # fewer than the default
    steps = search("c", np.ones(8, np.float32), limit=10, contract=contract, options=capped)
    assert [prefetch.limit for prefetch in next(steps).arguments["requests"][0].prefetch] == [most] * 4


def test_without_a_certificate_or_with_offsets_one_request_is_sent_and_nothing_claimed():
    vectors = skewed(5)
    client = QdrantClient(":memory:")
    contract = grown(client, vectors)
    for options in (SearchOptions(certify=False), SearchOptions(offset=True)):
        steps = search("c", np.ones(8, np.float32), limit=5, contract=contract, options=options)
        assert len(next(steps).arguments["requests"]) == 1
        steps = search("c", np.ones(8, np.float32), limit=5, contract=contract, options=options)
        found = run(client, steps)
        assert (found.certified, found.rounds, len(found.hits)) == (False, 1, 5)


def test_what_scores_every_document_or_searches_plainly_is_certified(client):
    contract = filled(client, skewed(5))
    for options in (SearchOptions(DOT), SearchOptions(COSINE), SearchOptions(COSINE, exact=True)):
        steps = search("c", np.ones(8, np.float32), limit=5, contract=contract, options=options, local=True)
        found = run(client, steps)
        assert (found.certified, found.rounds) == (True, 1)


def test_a_limit_below_the_candidates_is_refused():
    with pytest.raises(QueryError, match="candidates is 30, above max_candidates 20"):
        SearchOptions(candidates=30, max_candidates=20)
    with pytest.raises(QueryError, match="max_candidates is 0; at least 1"):
        SearchOptions(max_candidates=0)


@pytest.mark.parametrize(
    ("name", "document_power", "share"),
    [("covidqa", 0.0, 0.9), ("scifact", 0.0, 0.85), ("2wiki", 0.0, 0.1), ("2wiki", 0.5, 0.9)],
)
def test_eight_ranges_of_25_are_exact_and_proven_on_real_vectors(
    data, static, tmp_path, name, document_power, share
):
    def read(file: str, count: int) -> list[str]:
        with (data / name / file).open() as lines:
            return [json.loads(line)["text"] for line in itertools.islice(lines, count)]

    vectors = np.asarray(static.get_text_embedding_batch(read("corpus.jsonl", 4000)), np.float32)
    queries = np.asarray(static.embed_queries(read("queries.jsonl", 60)), np.float32)
    lengths, similarity = norms(vectors), PowerSimilarity(document_power=document_power)
    client = EmbeddedClient(tmp_path / "qdrant")
    inner = norm_edges(lengths, ranges=8)
    edges = tuple(sorted({lengths[lengths > 0].min(), *inner, np.nextafter(lengths.max(), np.inf)}))
    contract = Contract("e", "f", vectors.shape[1], norm_edges=edges)
    run(client, create_collection("c", contract, payload_index=True))
    rows = enumerate(store_raw(vectors))
    client.upsert("c", [models.PointStruct(id=i, vector=v, payload=p) for i, (v, p) in rows])
    options = SearchOptions(similarity, candidates=25)
    first = certified = 0
    for query in queries:
        found = run(client, search("c", query, limit=10, contract=contract, options=options))
        best = np.sort(brute_force(vectors, query, similarity))[::-1][:10]
        assert [hit.score for hit in found.hits] == pytest.approx(best, rel=1e-4)
        certified += found.certified
        first += found.certified and found.rounds == 1
    client.close()
    figures = f"{name} {similarity}: {certified} of {len(queries)} certified, {first} in the first round"
    print(figures)  # noqa: T201  # pytest -s shows it
    assert certified >= 0.95 * len(queries)
    assert first >= share * len(queries)

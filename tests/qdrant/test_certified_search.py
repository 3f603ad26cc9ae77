"""Searches that prove themselves exact."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models
from tests.qdrant.searched import brute_force, filled, skewed
from tests.similarities import linear

from norm_aware import (
    EuclideanSimilarity,
)
from norm_aware.errors import QueryError
from norm_aware.geometry.norms import norm_edges, norms
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity, Similarity
from norm_aware.qdrant.calibrated import store_raw
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.edges import RANGES, refresh_edges
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import search

# local mode stands for a server here, and warns when it is told how to search
pytestmark = pytest.mark.filterwarnings("ignore:Local mode performs exact")


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


@settings(max_examples=60)
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

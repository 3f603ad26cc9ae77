from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import models

from norm_aware import parse_similarity
from norm_aware.errors import MissingNormError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.fusion import fuse_standardized
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import is_local, run
from norm_aware.qdrant.collection import Contract, create_collection, open_collection
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.hybrid import Fusion, hybrid_search
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import search
from norm_aware.qdrant.sparse import SPARSE, sparse_config

COUNT = 200
WORDS = ["rain", "snow", "wind", "hail", "fog", "storm", "frost", "cloud"]
SIMILARITIES = ["cosine", "dot", "document_power=0.5", "euclidean"]


@pytest.fixture
def vectors() -> np.ndarray:
    generator = np.random.default_rng(3)
    return (generator.normal(size=(COUNT, 8)) * generator.lognormal(0, 0.8, size=(COUNT, 1))).astype(
        np.float32
    )


def texts() -> list[str]:
    generator = np.random.default_rng(4)
    return [" ".join(generator.choice(WORDS, size=generator.integers(2, 12))) for _ in range(COUNT)]


@pytest.fixture
def collection(client, vectors):
    run(client, create_collection("c", Contract("e", "f", 8), payload_index=False, sparse=sparse_config()))
    rows = zip(vectors.tolist(), Bm25().documents(texts()), norms(vectors).tolist(), strict=True)
    client.upsert(
        "c",
        [
            models.PointStruct(id=i, vector={"": vector, SPARSE: words}, payload={"norm": length, "i": i})
            for i, (vector, words, length) in enumerate(rows)
        ],
    )
    contract, _ = run(client, open_collection("c"))
    run(client, refresh_edges("c", contract))
    return client


def found(client, query, text: str, *, limit: int = 10, name: str = "cosine", fusion=None, **options):
    contract, _ = run(client, open_collection("c"))
    steps = hybrid_search(
        "c",
        query,
        Bm25().query(text),
        limit=limit,
        contract=contract,
        options=SearchOptions(name, **options),
        fusion=fusion or Fusion(),
        local=is_local(client),
    )
    return run(client, steps).hits


def dense_scores(vectors, query, name: str) -> np.ndarray:
    lengths, length = np.linalg.norm(vectors, axis=1), np.linalg.norm(query)
    return parse_similarity(name).from_dot(vectors @ query, length, lengths)


def sparse_scores(client, text: str) -> np.ndarray:
    points = client.query_points("c", query=Bm25().query(text), using=SPARSE, limit=COUNT).points
    scores = np.zeros(COUNT)
    scores[[point.id for point in points]] = [point.score for point in points]
    return scores


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("alpha", [0.25, 0.5, 0.8])
def test_fusion_by_ranks_adds_each_branchs_reciprocal_ranks(collection, vectors, name, alpha):
    query = np.random.default_rng(5).normal(size=8).astype(np.float32)
    depth = 60
    hits = found(collection, query, "rain storm", name=name, fusion=Fusion("rrf", alpha, candidates=depth))
    dense, sparse = dense_scores(vectors, query, name), sparse_scores(collection, "rain storm")
    expected: dict[int, float] = {}
    for scores, weight in ((dense, 2 * alpha), (sparse, 2 * (1 - alpha))):
        ranking = [i for i in np.argsort(-scores, kind="stable") if scores is dense or scores[i] > 0][:depth]
        for rank, i in enumerate(ranking):
            expected[int(i)] = expected.get(int(i), 0.0) + 1 / ((rank + 1) / weight + 2 - 1)
    # documents of the same words tie in the sparse ranking, in whichever order
    best = sorted(expected.values(), reverse=True)[:10]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=0.02)
    assert len({hit.point.id for hit in hits} & set(sorted(expected, key=lambda i: -expected[i])[:12])) >= 8


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.9])
def test_fusion_by_scores_is_their_standardised_sum_over_both_branches_candidates(
    collection, vectors, name, alpha
):
    query = np.random.default_rng(6).normal(size=8).astype(np.float32)
    fusion = Fusion("standardized", alpha, candidates=COUNT)
    hits = found(collection, query, "snow fog", limit=20, name=name, fusion=fusion)
    scores = fuse_standardized(
        dense_scores(vectors, query, name), sparse_scores(collection, "snow fog"), alpha=alpha
    )
    order = np.argsort(-scores, kind="stable")[:20]
    assert [hit.score for hit in hits] == pytest.approx(scores[order].tolist(), abs=1e-4)
    assert {hit.point.id for hit in hits if hit.score > scores[order][-1] + 1e-4} <= set(order.tolist())


@pytest.mark.parametrize("kind", ["rrf", "standardized"])
@pytest.mark.parametrize("name", SIMILARITIES)
def test_whichever_branch_found_a_hit_its_three_numbers_are_the_dense_vectors(
    collection, vectors, kind, name
):
    query = np.random.default_rng(7).normal(size=8).astype(np.float32)
    hits = found(collection, query, "hail", limit=30, name=name, fusion=Fusion(kind, candidates=30))
    for hit in hits:
        vector = vectors[hit.point.payload["i"]].astype(np.float64)
        assert hit.dot == pytest.approx(vector @ query, rel=1e-3, abs=1e-3)
        assert hit.document_norm == pytest.approx(np.linalg.norm(vector))
        assert hit.query_norm == pytest.approx(np.linalg.norm(query))


@pytest.mark.parametrize("kind", ["rrf", "standardized"])
def test_the_ends_of_alpha_are_the_dense_search_and_bm25_with_their_own_scores(collection, kind):
    query = np.random.default_rng(8).normal(size=8).astype(np.float32)
    contract, _ = run(collection, open_collection("c"))
    plain = run(
        collection,
        search(
            "c", query, limit=10, contract=contract, options=SearchOptions("dot"), local=is_local(collection)
        ),
    ).hits
    dense = found(collection, query, "wind", name="dot", fusion=Fusion(kind, 1))
    assert [(h.point.id, h.score) for h in dense] == [(h.point.id, h.score) for h in plain]
    sparse = found(collection, query, "wind", name="dot", fusion=Fusion(kind, 0))
    assert [h.score for h in sparse] == pytest.approx(
        sorted(sparse_scores(collection, "wind"), reverse=True)[:10], rel=1e-5
    )


def test_a_filter_holds_for_both_branches(collection):
    query = np.ones(8, dtype=np.float32)
    low = models.Filter(must=[models.FieldCondition(key="i", range=models.Range(lt=20))])
    for fusion in (Fusion("rrf"), Fusion("standardized"), Fusion(alpha=0), Fusion(alpha=1)):
        hits = found(collection, query, "rain fog wind", limit=50, fusion=fusion, qdrant_filters=low)
        assert hits
        assert all(hit.point.payload["i"] < 20 for hit in hits)


def test_a_query_of_stop_words_is_answered_by_the_dense_branch_and_by_bm25_not_at_all(collection):
    query = np.ones(8, dtype=np.float32)
    dense = found(collection, query, "the of and", fusion=Fusion(alpha=1))
    for kind in ("rrf", "standardized"):
        assert found(collection, query, "the of and", fusion=Fusion(kind)) == dense
        assert found(collection, query, "the of and", fusion=Fusion(kind, 0)) == []


def test_a_word_found_outweighs_none_where_the_sparse_branch_found_fewer_than_asked(collection):
    query = np.ones(8, dtype=np.float32)
    collection.update_vectors(
        "c", [models.PointVectors(id=13, vector={SPARSE: Bm25().documents(["a unicorn"])[0]})]
    )
    hits = found(collection, query, "unicorn", limit=50, fusion=Fusion("standardized", 0.1))
    assert hits[0].point.id == 13


def test_a_hit_without_a_norm_says_so(collection):
    collection.delete_payload("c", keys=["norm"], points=list(range(COUNT)))
    with pytest.raises(MissingNormError, match="'norm'"):
        found(collection, np.ones(8, dtype=np.float32), "rain", fusion=Fusion(alpha=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "dbsf"}, "choose one of rrf, standardized"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"candidates": 0}, "at least 1"),
    ],
)
def test_a_fusion_that_means_nothing_is_refused(options, message):
    with pytest.raises(QueryError, match=message):
        Fusion(**options)

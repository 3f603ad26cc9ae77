from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.mmr import diversify
from norm_aware.qdrant.calls import is_local, run
from norm_aware.qdrant.collection import Contract, create_collection, open_collection
from norm_aware.qdrant.diversity import Diversity, diverse
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import Hit, search

COUNT = 60
QUERY = np.array([1.0, 2.0, 0.0, -1.0], dtype=np.float32)


@pytest.fixture
def vectors() -> np.ndarray:
    generator = np.random.default_rng(1)
    return (generator.normal(size=(COUNT, 4)) * generator.lognormal(0, 1, size=(COUNT, 1))).astype(np.float32)


def filled(client, vectors) -> None:
    if client.collection_exists("c"):
        client.delete_collection("c")
    run(client, create_collection("c", Contract("e", "f", 4), payload_index=False))
    points = [
        models.PointStruct(id=i, vector=vector.tolist(), payload={"norm": float(length)})
        for i, (vector, length) in enumerate(zip(vectors, norms(vectors), strict=True))
    ]
    client.upsert("c", points)


def hits(client, name: str, limit: int = 24) -> list[Hit]:
    contract, _ = run(client, open_collection("c"))
    return run(
        client,
        search(
            "c", QUERY, limit=limit, contract=contract, options=SearchOptions(name), local=is_local(client)
        ),
    ).hits


def chosen(client, found: list[Hit], limit: int = 6, threshold: float = 0.4) -> list[Hit]:
    contract, _ = run(client, open_collection("c"))
    return run(
        client,
        diverse("c", QUERY, found, limit=limit, contract=contract, diversity=Diversity(threshold)),
    )


@pytest.mark.parametrize("name", ["cosine", "dot", "euclidean"])
def test_hits_are_chosen_by_their_stored_vectors_and_keep_their_scores(client, vectors, name):
    filled(client, vectors)
    found = hits(client, name)
    rows = vectors[[hit.point.id for hit in found]].astype(np.float64)
    cosines = rows @ QUERY / np.linalg.norm(rows, axis=1) / np.linalg.norm(QUERY)
    order = diversify([hit.score for hit in found], cosines, rows, limit=6, threshold=0.4)
    assert chosen(client, found) == [found[i] for i in order]
    assert chosen(client, found, threshold=1) == found[:6]


def test_under_cosine_the_choice_does_not_depend_on_any_norm(client, vectors):
    filled(client, vectors)
    plain = [hit.point.id for hit in chosen(client, hits(client, "cosine"))]
    scale = np.random.default_rng(2).lognormal(0, 1, size=(COUNT, 1))
    filled(client, (vectors * scale).astype(np.float32))
    assert [hit.point.id for hit in chosen(client, hits(client, "cosine"))] == plain


def test_a_hit_deleted_meanwhile_is_passed_over(client, vectors):
    filled(client, vectors)
    found = hits(client, "cosine")
    client.delete("c", points_selector=[found[0].point.id])
    assert found[0] not in chosen(client, found, limit=24)
    assert len(chosen(client, found, limit=24)) == 23


def test_few_hits_need_no_choice_and_are_not_asked_for_again():
    contract = Contract("e", "f", 4)
    assert list(diverse("c", QUERY, [], limit=3, contract=contract, diversity=Diversity())) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.1}, "is 1.1"),
        ({"threshold": float("nan")}, "is nan"),
        ({"candidates": 0}, "at least 1"),
    ],
)
def test_a_diversity_that_means_nothing_is_refused(options, message):
    with pytest.raises(QueryError, match=message):
        Diversity(**options)


def test_there_are_always_as_many_candidates_as_hits_wanted():
    assert Diversity().depth(10) == 40
    assert Diversity(candidates=3).depth(10) == 10

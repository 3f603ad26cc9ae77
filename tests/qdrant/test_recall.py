from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import models

from norm_aware import COSINE, DOT, PowerSimilarity
from norm_aware.qdrant.calibrated import store_raw
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.recall import check_recall

COUNT = 1500


@pytest.fixture
def vectors() -> np.ndarray:
    generator = np.random.default_rng(0)
    return (generator.normal(size=(COUNT, 24)) * generator.lognormal(0, 0.5, size=(COUNT, 1))).astype(
        np.float32
    )


def filled(client, vectors, **changes) -> Contract:
    contract = Contract("e", "f", vectors.shape[1])
    run(client, create_collection("c", contract, payload_index=isinstance(client, EmbeddedClient)))
    if changes:
        client.update_collection("c", **changes)
    rows = enumerate(store_raw(vectors))
    client.upsert("c", [models.PointStruct(id=i, vector=v, payload=p) for i, (v, p) in rows])
    return run(client, refresh_edges("c", contract))


def test_brute_force_loses_nothing_and_the_similarity_changes_what_it_changes(client, vectors):
    contract = filled(client, vectors)
    queries = np.random.default_rng(1).normal(size=(15, 24)).astype(np.float32)
    similarity = PowerSimilarity(document_power=0.5)
    seen = []
    [ten, hundred] = run(
        client,
        check_recall(
            "c",
            queries,
            contract=contract,
            options=SearchOptions(similarity),
            local=not isinstance(client, EmbeddedClient),
            progress=lambda *at: seen.append(at),
        ),
    )
    assert (ten.index, ten.search, hundred.index) == (1.0, 1.0, 1.0)
    assert hundred.search > 0.99
    assert seen[-1] == (15, 15)
    lengths = np.linalg.norm(vectors, axis=1)
    for at in (ten, hundred):
        shared = {COSINE: 0.0, DOT: 0.0}
        for query in queries:
            dots = vectors @ query
            best = set(np.argsort(-dots * lengths**-0.5)[: at.k])
            shared[COSINE] += len(best & set(np.argsort(-dots / lengths)[: at.k])) / at.k
            shared[DOT] += len(best & set(np.argsort(-dots)[: at.k])) / at.k
        assert at.cosine == pytest.approx(shared[COSINE] / len(queries), abs=0.01)
        assert at.dot == pytest.approx(shared[DOT] / len(queries), abs=0.01)


def test_what_a_poor_index_loses_is_told_from_what_the_similarity_changes(tmp_path, vectors):
    client = EmbeddedClient(tmp_path)
    contract = filled(
        client,
        vectors,
        hnsw_config=models.HnswConfigDiff(m=2, ef_construct=4, full_scan_threshold=10),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=10),
    )
    client.optimize("c")
    queries = np.random.default_rng(1).normal(size=(15, 24)).astype(np.float32)
    options = SearchOptions(DOT, ef=10)
    [ten] = run(client, check_recall("c", queries, contract=contract, options=options, depths=[10]))
    assert ten.index < ten.good
    assert ten.search == ten.index
    assert ten.dot == 1.0
    client.close()

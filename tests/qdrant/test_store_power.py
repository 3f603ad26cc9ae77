from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from tests.calibrations import make_calibration

from norm_aware import COSINE, DOT, EuclideanSimilarity, PowerSimilarity
from norm_aware.errors import CollectionNotFoundError, ContractError, EmbeddingError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calibrated import raw_vector, require_calibration, store_raw
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection, open_collection
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.field import METADATA, NORM, POWER
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.recalibrate import recalibrate
from norm_aware.qdrant.search import search
from norm_aware.qdrant.store_power import store_power

ENCODER = ("hash", "0123")
BATCH = 20
COUNT = 50  # more than two batches


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch) -> None:
    monkeypatch.setattr("norm_aware.qdrant.rewriting._BATCH", BATCH)


@pytest.fixture
def vectors() -> np.ndarray:
    generator = np.random.default_rng(1)
    matrix = generator.normal(size=(COUNT, 16)) * generator.lognormal(0, 0.8, size=(COUNT, 1))
    matrix[7] = 0  # a zero vector is stored like any other
    return matrix.astype(np.float32)


@pytest.fixture
def collection(client: QdrantClient, vectors) -> QdrantClient:
    contract = Contract(*ENCODER, 16)
    run(client, create_collection("docs", contract, payload_index=False))
    client.upsert(
        "docs",
        [
            models.PointStruct(id=i, vector=vector, payload={**payload, "mine": i})
            for i, (vector, payload) in enumerate(store_raw(vectors))
        ],
    )
    run(client, refresh_edges("docs", contract))
    return client


def stored(client: QdrantClient) -> list[models.Record]:
    return client.scroll("docs", limit=COUNT, with_vectors=True)[0]


def contract_of(client: QdrantClient) -> Contract:
    return run(client, open_collection("docs"))[0]


def require_raw(client: QdrantClient, vectors: np.ndarray, *, tolerance: float = 1e-6) -> None:
    """The raw vectors come back, with their norms."""
    records = stored(client)
    assert len(records) == COUNT
    for record in records:
        raw, expected = raw_vector(record.vector, record.payload), vectors[record.id]
        assert np.linalg.norm(raw - expected) <= tolerance * np.linalg.norm(expected)
        assert record.payload["mine"] == record.id


def test_every_vector_has_its_norm_to_the_power_and_its_raw_norm_beside_it(collection, vectors):
    for power in (0.0, 0.5, -0.25):
        assert run(collection, store_power("docs", power)) == COUNT
        for record in stored(collection):
            length = norms(vectors[record.id])
            assert record.payload[NORM] == pytest.approx(length, rel=1e-6)
            expected = float(length) ** power if length else 0.0
            assert norms(record.vector) == pytest.approx(expected, rel=1e-6)
        require_raw(collection, vectors)
        assert contract_of(collection).stored_power == power
        assert run(collection, store_power("docs", power)) == 0


def test_raw_vectors_come_back_and_leave_no_trace(collection, vectors):
    before = contract_of(collection)
    run(collection, store_power("docs", 0))
    run(collection, store_power("docs", 1))
    for record in stored(collection):
        np.testing.assert_allclose(record.vector, vectors[record.id], rtol=1e-6, atol=1e-12)
        assert record.payload == pytest.approx(
            {"mine": record.id, NORM: float(norms(record.vector))}, rel=1e-14
        )
    after = contract_of(collection)
    assert (after.stored_power, after.storing_power, after.rewriting) == (1, None, False)
    assert after.norm_edges == pytest.approx(before.norm_edges, rel=1e-6)
    assert run(collection, backfill("docs", payload_index=False)) == 0


def test_only_a_collection_at_another_power_needs_a_newer_reader(collection):
    def record() -> dict:
        return collection.get_collection("docs").config.metadata[METADATA]

    plain = record()
    assert plain["schema_version"] == 1
    assert "stored_power" not in plain
    run(collection, store_power("docs", 0.5))
    assert (record()["schema_version"], record()["stored_power"]) == (3, 0.5)
    run(collection, store_power("docs", 1))
    assert record().keys() == plain.keys()
    assert record()["schema_version"] == 1


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_run_cut_off_at_any_batch_goes_on_where_it_stopped(collection, vectors, killed_after, target):
    run(collection, store_power("docs", 0.5))
    seen = []

    def kill(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(collection, store_power("docs", target, progress=kill))
    cut = contract_of(collection)
    assert (cut.storing_power, cut.to_metadata()[METADATA]["schema_version"]) == (target, 3)
    require_raw(collection, vectors)  # of two kinds as it is
    with pytest.raises(ContractError, match=f"being rewritten to power {target:g}.*store-power {target:g}"):
        require_calibration(cut, None, collection="docs")
    for steps in (recalibrate("docs", make_calibration(ENCODER)), backfill("docs", payload_index=False)):
        with pytest.raises(ContractError, match=f"store-power {target:g}"):
            run(collection, steps)
    assert run(collection, store_power("docs", target)) == COUNT - min(BATCH * killed_after, COUNT)
    require_raw(collection, vectors)
    lengths = norms([record.vector for record in stored(collection)])
    expected = [
        record.payload[NORM] ** target if record.payload[NORM] else 0.0 for record in stored(collection)
    ]
    np.testing.assert_allclose(lengths, expected, rtol=1e-6)


def test_a_run_cut_off_may_go_on_to_another_power_or_back(collection, vectors):
    def kill(*_: int) -> None:
        raise KeyboardInterrupt

    for power in (0.5, -1.0, 1.0):
        with pytest.raises(KeyboardInterrupt):
            run(collection, store_power("docs", power, progress=kill))
    run(collection, store_power("docs", 1))
    for record in stored(collection):
        np.testing.assert_allclose(record.vector, vectors[record.id], rtol=1e-6, atol=1e-12)
        assert POWER not in record.payload


@pytest.mark.filterwarnings("ignore:Local mode performs exact")  # it stands for a server here
@pytest.mark.parametrize("power", [0.0, 0.5, -0.5, 1.5])
@pytest.mark.parametrize("local", [True, False])
def test_every_similarity_scores_as_it_does_over_raw_vectors(client, vectors, power, local):
    query = np.random.default_rng(3).normal(size=16).astype(np.float32)
    contract = Contract(*ENCODER, 16, stored_power=power)
    run(client, create_collection("docs", contract, payload_index=False))
    rows = enumerate(store_raw(vectors, power))
    client.upsert("docs", [models.PointStruct(id=i, vector=v, payload=p) for i, (v, p) in rows])
    contract = run(client, refresh_edges("docs", contract))
    dots = vectors.astype(np.float64) @ query.astype(np.float64)
    for similarity in (
        COSINE,
        DOT,
        PowerSimilarity(query_power=0.5, document_power=power),
        PowerSimilarity(document_power=-0.5),
        EuclideanSimilarity(),
    ):
        scores = similarity.from_dot(dots, np.linalg.norm(query), norms(vectors))
        options = SearchOptions(similarity)
        steps = search("docs", query, limit=10, contract=contract, options=options, local=local)
        found = run(client, steps)
        assert [hit.score for hit in found.hits] == pytest.approx(sorted(scores)[:-11:-1], rel=1e-4)
        for hit in found.hits:
            assert hit.dot == pytest.approx(dots[hit.point.id], rel=1e-3, abs=1e-3)
            assert hit.document_norm == pytest.approx(norms(vectors[hit.point.id]), rel=1e-6)


def test_the_similarity_vectors_are_stored_for_is_one_plain_dot_search_and_no_other_is():
    contract = Contract("e", "f", 2, stored_power=0.0)
    for similarity, plain in ((COSINE, True), (PowerSimilarity(1, 0), True), (DOT, False)):
        steps = search(
            "c", np.ones(2, np.float32), limit=1, contract=contract, options=SearchOptions(similarity)
        )
        assert (next(steps).method == "query_points") is plain


def test_a_calibration_is_applied_from_another_power_and_undone_to_raw(collection, vectors):
    run(collection, store_power("docs", 0))
    calibration = make_calibration(ENCODER)
    assert run(collection, recalibrate("docs", calibration)) == COUNT
    contract = contract_of(collection)
    assert (contract.calibration, contract.stored_power) == (calibration.digest, 1)
    require_raw(collection, vectors)
    with pytest.raises(ContractError, match=r"stored by a calibration.*apply --undo --collection docs"):
        run(collection, store_power("docs", 0))
    run(collection, recalibrate("docs", None))
    assert contract_of(collection).stored_power == 1
    for record in stored(collection):
        np.testing.assert_allclose(record.vector, vectors[record.id], rtol=1e-6, atol=1e-12)


def test_a_calibration_cut_off_over_another_power_is_undone_to_that_power(collection, vectors):
    run(collection, store_power("docs", 0.5))

    def kill(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(collection, recalibrate("docs", make_calibration(ENCODER), progress=kill))
    with pytest.raises(ContractError, match="apply --undo"):
        run(collection, store_power("docs", 0))
    run(collection, recalibrate("docs", None))
    assert contract_of(collection).stored_power == 0.5
    assert {record.payload[POWER] for record in stored(collection)} == {"0.5"}
    require_raw(collection, vectors)


def test_backfill_leaves_a_power_stored_collection_as_it_is_and_names_what_another_tool_added(collection):
    run(collection, store_power("docs", 0.5))
    before = stored(collection)
    assert run(collection, backfill("docs", payload_index=False)) == 0
    assert stored(collection) == before
    collection.upsert("docs", [models.PointStruct(id=COUNT, vector=[2.0] + [0.0] * 15, payload={})])
    with pytest.raises(ContractError, match=r"power 0.5, and 1 points are not; .*store-power 0.5"):
        run(collection, backfill("docs", payload_index=False))
    assert run(collection, store_power("docs", 0.5)) == 1
    (added,) = collection.retrieve("docs", [COUNT], with_vectors=True)
    assert added.payload == {NORM: 2.0, POWER: "0.5"}
    assert norms(added.vector) == pytest.approx(2**0.5)


def test_what_cannot_be_stored_is_refused_and_undone(collection, vectors):
    with pytest.raises(CollectionNotFoundError):
        run(collection, store_power("absent", 0))
    with pytest.raises(QueryError, match="from -16 to 16"):
        run(collection, store_power("docs", float("nan")))
    collection.upsert(
        "docs", [models.PointStruct(id=COUNT, vector=[1e-20] + [0.0] * 15, payload={NORM: 1e-20})]
    )
    with pytest.raises(EmbeddingError, match="float32 cannot hold"):
        run(collection, store_power("docs", -3))
    assert contract_of(collection).rewriting
    run(collection, store_power("docs", 1))
    collection.delete("docs", [COUNT])
    require_raw(collection, vectors)
    assert not contract_of(collection).rewriting

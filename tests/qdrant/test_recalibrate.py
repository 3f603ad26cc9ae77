from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from tests.calibrations import make_calibration

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import CalibrationError, CollectionNotFoundError, ContractError
from norm_aware.geometry.norms import norms
from norm_aware.qdrant.calibrated import raw_vector
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection, open_collection
from norm_aware.qdrant.field import MARK, NORM, OFFSET, RAW, RAW_NORM
from norm_aware.qdrant.recalibrate import recalibrate

ENCODER = ("hash", "0123")
COUNT = 600  # more than two batches


@pytest.fixture
def vectors() -> np.ndarray:
    generator = np.random.default_rng(1)
    matrix = generator.normal(size=(COUNT, 16)) * generator.lognormal(0, 0.8, size=(COUNT, 1))
    matrix[7] = 0  # a zero vector is stored like any other
    return matrix.astype(np.float32)


@pytest.fixture
def collection(client: QdrantClient, vectors) -> QdrantClient:
    run(client, create_collection("docs", Contract(*ENCODER, 16), payload_index=False))
    points = [
        models.PointStruct(id=i, vector=vector.tolist(), payload={NORM: float(length), "offset": "mine"})
        for i, (vector, length) in enumerate(zip(vectors, norms(vectors), strict=True))
    ]
    client.upsert("docs", points)
    return client


def stored(client: QdrantClient):
    return client.scroll("docs", limit=COUNT, with_vectors=True)[0]


def test_every_point_is_stored_as_the_calibration_says_and_its_raw_vector_stays_to_the_bit(
    collection, vectors
):
    calibration = make_calibration(ENCODER, own=["3", "4"], bias=0.25)
    assert run(collection, recalibrate("docs", calibration)) == COUNT
    expected = calibration.documents(vectors, ids=[str(i) for i in range(COUNT)])
    for record in stored(collection):
        payload = record.payload
        np.testing.assert_allclose(record.vector, expected.vectors[record.id], atol=1e-6)
        assert payload[NORM] == pytest.approx(float(norms(record.vector)), abs=1e-6)
        assert payload[OFFSET] == pytest.approx(expected.offsets[record.id])
        assert payload[RAW_NORM] == pytest.approx(float(norms(vectors[record.id])))
        assert payload["offset"] == "mine"
        assert raw_vector(record.vector, payload).tobytes() == vectors[record.id].tobytes()
    contract, _ = run(collection, open_collection("docs"))
    assert contract.calibration == calibration.digest
    assert not contract.rewriting


def test_undoing_brings_back_the_collection_as_it_was(collection, vectors):
    before = [(r.id, r.vector, r.payload) for r in stored(collection)]
    for seed in (0, 1):  # also from one calibration to another
        run(collection, recalibrate("docs", make_calibration(ENCODER, seed=seed)))
    assert run(collection, recalibrate("docs", None)) == COUNT
    assert [(r.id, r.vector, r.payload) for r in stored(collection)] == before
    assert run(collection, open_collection("docs"))[0].calibration is None


def test_applying_twice_changes_nothing_the_second_time(collection):
    calibration = make_calibration(ENCODER)
    run(collection, recalibrate("docs", calibration))
    before = stored(collection)
    assert run(collection, recalibrate("docs", calibration)) == 0
    assert stored(collection) == before


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_run_cut_off_at_any_batch_goes_on_where_it_stopped(collection, vectors, killed_after):
    calibration = make_calibration(ENCODER)
    seen = []

    def kill(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(collection, recalibrate("docs", calibration, progress=kill))
    assert run(collection, open_collection("docs"))[0].rewriting
    rest = run(collection, recalibrate("docs", calibration))
    assert rest == COUNT - min(256 * killed_after, COUNT)
    assert all(record.payload[MARK] == calibration.digest for record in stored(collection))
    assert not run(collection, open_collection("docs"))[0].rewriting
    run(collection, recalibrate("docs", None))
    for record in stored(collection):
        assert np.asarray(record.vector, np.float32).tobytes() == vectors[record.id].tobytes()


def test_a_calibration_that_is_cosine_leaves_raw_vectors(collection):
    before = stored(collection)
    assert run(collection, recalibrate("docs", Calibration.cosine(ENCODER, dimension=16))) == 0
    assert stored(collection) == before


def test_a_calibration_for_another_encoder_is_refused_and_nothing_changes(collection):
    before = stored(collection)
    with pytest.raises((CalibrationError, ContractError), match="encoder"):
        run(collection, recalibrate("docs", make_calibration(("other", "9999"))))
    with pytest.raises(CalibrationError, match="dimensions"):
        run(collection, recalibrate("docs", make_calibration(ENCODER, dimension=8)))
    assert stored(collection) == before
    assert not run(collection, open_collection("docs"))[0].rewriting


def test_a_collection_that_is_missing_or_of_an_unrecorded_encoder_is_refused(client):
    with pytest.raises(CollectionNotFoundError):
        run(client, recalibrate("absent", None))
    client.create_collection("old", vectors_config=models.VectorParams(size=16, distance=models.Distance.DOT))
    with pytest.raises(ContractError, match="backfill"):
        run(client, recalibrate("old", make_calibration(ENCODER)))


def test_payload_keys_are_our_own(collection):
    assert all(key.startswith("norm_aware_") for key in (MARK, OFFSET, RAW, RAW_NORM))

from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import (
    CollectionNotFoundError,
    ContractError,
    DimensionError,
    DistanceError,
    EmbeddingError,
)
from norm_aware.geometry.norms import norms
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import (
    Contract,
    create_collection,
    open_collection,
    require_dimension,
    require_encoder,
)


def test_a_contract_written_is_the_contract_read(client):
    contract = Contract("raw:e5", "abc", 3, raw=False, norm_edges=(1.5, 2.5), edges_count=9)
    run(client, create_collection("c", contract, payload_index=False))
    assert run(client, open_collection("c")) == (contract, 0)


def test_a_contract_outlives_the_process_that_wrote_it(tmp_path):
    first = QdrantClient(path=str(tmp_path))
    run(first, create_collection("c", Contract("e", "f", 3), payload_index=False))
    first.close()
    second = QdrantClient(path=str(tmp_path))
    assert run(second, open_collection("c"))[0].encoder == "e"
    second.close()


@pytest.mark.parametrize(
    "distance", [models.Distance.COSINE, models.Distance.EUCLID, models.Distance.MANHATTAN]
)
def test_a_collection_that_is_not_under_dot_is_refused_with_the_way_out(client, distance):
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=distance))
    with pytest.raises(DistanceError, match=rf"'c' is under {distance.value}.*collection of another name"):
        run(client, open_collection("c"))


def test_a_missing_collection_is_named(client):
    with pytest.raises(CollectionNotFoundError, match=r"no collection 'absent'.*index documents first"):
        run(client, open_collection("absent"))


def test_named_vectors_are_refused_by_name(client):
    params = models.VectorParams(size=2, distance=models.Distance.DOT)
    client.create_collection("c", vectors_config={"title": params, "body": params})
    with pytest.raises(ContractError, match="named vectors \\('title', 'body'\\)"):
        run(client, open_collection("c"))


def test_a_contract_of_a_newer_version_or_a_broken_one_is_refused(client):
    dot = models.VectorParams(size=2, distance=models.Distance.DOT)
    client.create_collection("new", vectors_config=dot, metadata={"norm_aware": {"schema_version": 99}})
    with pytest.raises(ContractError, match=r"version 99.*Upgrade"):
        run(client, open_collection("new"))
    client.create_collection("broken", vectors_config=dot, metadata={"norm_aware": {"encoder": "x"}})
    with pytest.raises(ContractError, match="cannot be read"):
        run(client, open_collection("broken"))


def test_another_encoder_is_refused_and_both_are_named():
    contract = Contract("raw:one", "111", 3)
    require_encoder(contract, encoder="raw:one", fingerprint="111", collection="c")
    with pytest.raises(ContractError, match=r"'raw:one' \(111\), this is 'raw:two' \(222\)"):
        require_encoder(contract, encoder="raw:two", fingerprint="222", collection="c")
    with pytest.raises(ContractError, match="of other weights or prompts"):
        require_encoder(contract, encoder="raw:one", fingerprint="222", collection="c")


def test_a_query_of_another_dimension_is_refused():
    with pytest.raises(DimensionError, match="dimension 2; collection 'c' holds vectors of 3"):
        require_dimension(Contract("e", "f", 3), dimension=2, collection="c")


def test_backfill_writes_every_norm_and_the_contract_and_changes_nothing_the_second_time(client):
    vectors = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    client.create_collection("c", vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT))
    client.upsert(
        "c",
        [models.PointStruct(id=i, vector=v.tolist(), payload={"kept": i}) for i, v in enumerate(vectors)],
    )
    seen: list[tuple[int, int]] = []
    steps = backfill("c", payload_index=False, encoder=("raw:e", "f"), progress=lambda *at: seen.append(at))
    assert run(client, steps) == 600
    assert seen[-1] == (600, 600)
    records, _ = client.scroll("c", limit=1000)
    lengths = norms(vectors)
    assert all(r.payload == pytest.approx({"kept": r.id, "norm": lengths[r.id]}, rel=1e-14) for r in records)
    contract, _ = run(client, open_collection("c"))
    assert (contract.encoder, contract.fingerprint, contract.dimension) == ("raw:e", "f", 4)
    assert len(contract.norm_edges) == 17
    assert run(client, backfill("c", payload_index=False)) == 0


def test_backfill_of_a_cosine_collection_is_refused_since_its_norms_are_gone(client):
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    with pytest.raises(DistanceError, match="norms are gone"):
        run(client, backfill("c", payload_index=False))


def test_a_server_is_asked_to_index_the_norm_as_a_number(server):
    client = QdrantClient(url=server.url, check_compatibility=False)
    run(client, create_collection("c", Contract("e", "f", 3), payload_index=True))
    kinds = {name: info.data_type for name, info in server.indexes["c"].items()}
    assert kinds == {"norm": models.PayloadSchemaType.FLOAT, "doc_id": models.PayloadSchemaType.KEYWORD}
    client.close()


def test_backfill_refuses_what_is_not_a_norm_and_another_encoder_than_the_recorded_one(client):
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    client.upsert("c", [models.PointStruct(id=1, vector=[3, 4], payload={"norm": "ISO 9001"})])
    with pytest.raises(EmbeddingError, match="Point 1 has a payload 'norm' of 'ISO 9001'"):
        run(client, backfill("c", payload_index=False))
    client.set_payload("c", payload={"norm": 5.0}, points=[1])
    run(client, backfill("c", payload_index=False, encoder=("one", "1")))
    with pytest.raises(ContractError, match="'one' .*'two'"):
        run(client, backfill("c", payload_index=False, encoder=("two", "2")))


def test_backfill_records_unit_vectors_as_not_raw_and_an_empty_collections_encoder(client):
    for name, vectors in (("unit", [[0.6, 0.8]]), ("empty", [])):
        params = models.VectorParams(size=2, distance=models.Distance.DOT)
        client.create_collection(name, vectors_config=params)
        if vectors:
            client.upsert(name, [models.PointStruct(id=1, vector=vectors[0], payload={})])
        run(client, backfill(name, payload_index=False, encoder=("e", "f")))
        contract, _ = run(client, open_collection(name))
        assert (contract.encoder, contract.raw) == ("e", False)

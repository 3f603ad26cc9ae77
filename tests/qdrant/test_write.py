from __future__ import annotations

import asyncio

import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from qdrant_client import models
from tests.calibrations import make_calibration
from tests.conftest import HashEmbedding

from norm_aware import Bm25, NormAwareRetriever, NormAwareVectorStore
from norm_aware.errors import ContractError, DimensionError, EmbeddingError, MissingNormError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import open_collection
from norm_aware.qdrant.recalibrate import recalibrate

SIZE = 80
SMALL = HashEmbedding(model_name="small", dimension=5)


def store(client, embedding, **options) -> NormAwareVectorStore:
    return NormAwareVectorStore("docs", client=client, embed_model=embedding, **options)


def nodes(embedding, of: str, size: int = SIZE, **metadata: object) -> list[TextNode]:
    return [
        TextNode(
            id_=f"n{i}",
            text=f"text {i}",
            metadata={"i": i, **metadata},
            embedding=embedding.get_text_embedding(f"{of} {i}"),
        )
        for i in range(size)
    ]


def best(embedding, of: str, query: str, power: float, size: int = SIZE) -> list[str]:
    vectors = np.array([embedding.get_text_embedding(f"{of} {i}") for i in range(size)])
    scores = vectors @ np.array(embedding.get_query_embedding(query))
    scores *= np.linalg.norm(vectors, axis=1) ** (power - 1)
    return [f"n{i}" for i in np.argsort(-scores)]


def found(vector_store, query: str, **options) -> list[str]:
    embedding = vector_store.embed_model
    index = VectorStoreIndex.from_vector_store(vector_store, embed_model=embedding)
    retriever = NormAwareRetriever(index, similarity_top_k=10, **options)
    return [node.node_id for node in retriever.retrieve(query)]


@pytest.fixture(params=[("", "title"), ("title", ""), ("title", "body")])
def pair(client, hash_embedding, request) -> tuple[NormAwareVectorStore, NormAwareVectorStore]:
    """Two vectors of the same points, of two encoders; the unnamed one is made first where it is one."""
    first, second = sorted(request.param)
    large = store(client, hash_embedding, vector_name=first)
    large.add(nodes(hash_embedding, "large"))
    small = store(client, SMALL, vector_name=second)
    small.add(nodes(SMALL, "small"))
    return large, small


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_each_vector_is_searched_by_its_own_store_as_if_it_were_alone(pair, hash_embedding, power):
    large, small = pair
    for options in ({}, {"exact": True}, {"candidates": 30}):
        similarity = f"document_power={power}"
        assert (
            found(large, "why", similarity=similarity, **options)
            == best(hash_embedding, "large", "why", power)[:10]
        )
        assert (
            found(small, "why", similarity=similarity, **options) == best(SMALL, "small", "why", power)[:10]
        )


def test_every_point_has_both_vectors_both_norms_and_both_contracts(pair, client, hash_embedding):
    records, _ = client.scroll("docs", limit=200, with_vectors=True)
    assert len(records) == SIZE
    for vector_store in pair:
        name = vector_store._field.name
        for record in records:
            assert record.payload[f"norm_{name}" if name else "norm"] == pytest.approx(
                float(norms(record.vector[name]))
            )
        contract, points = run(client, open_collection("docs", vector_name=name))
        assert points == SIZE
        assert contract.fingerprint == encoder_identity(vector_store.embed_model)[1]
        assert len(contract.norm_edges) == 17


def test_adding_one_vector_again_leaves_the_other_to_the_bit(pair, client, hash_embedding):
    large, small = pair
    before = {r.id: r for r in client.scroll("docs", limit=200, with_vectors=True)[0]}
    small.add(nodes(SMALL, "changed", size=5, added="new"))
    asyncio.run(large.async_add(nodes(hash_embedding, "large", size=3)))
    for record in client.scroll("docs", limit=200, with_vectors=True)[0]:
        name = large._field.name
        assert record.vector[name] == before[record.id].vector[name]
        key = f"norm_{name}" if name else "norm"
        assert record.payload[key] == before[record.id].payload[key]
        i = record.payload["i"]
        changed = SMALL.get_text_embedding(f"changed {i}" if i < 5 else f"small {i}")
        assert record.vector[small._field.name] == pytest.approx(changed, rel=1e-6)
        # metadata is that of whoever came last, and none of an earlier one is left
        assert ("added" in record.payload) == (3 <= i < 5)


def test_a_point_with_one_vector_alone_is_no_document_of_the_other(pair, hash_embedding):
    large, small = pair
    lone = TextNode(id_="lone", text="alone", embedding=[9.0] * 5)
    small.add([lone])
    small.add([TextNode(id_="other", text="alone", embedding=[-9.0] * 5)])
    query = VectorStoreQuery([1.0] * 5, similarity_top_k=200)
    assert len(small.query(query).ids) == SIZE + 2
    assert small.query(query, similarity="dot").ids[0] == "lone"
    assert len(large.query(VectorStoreQuery([1.0] * 16, similarity_top_k=200)).ids) == SIZE
    fresh = store(large.client, hash_embedding, vector_name=large._field.name)
    assert len(fresh.query(VectorStoreQuery([1.0] * 16, similarity_top_k=200)).ids) == SIZE


def test_deleting_a_node_deletes_the_point_with_all_its_vectors(pair):
    large, small = pair
    large.delete_nodes(["n3"])
    assert small.get_nodes(["n3"]) == []


def test_nodes_come_back_with_the_embedding_of_the_stores_own_vector(pair, hash_embedding):
    large, small = pair
    (node,), (other,) = large.get_nodes(["n3"]), small.get_nodes(["n3"])
    assert node.embedding == pytest.approx(hash_embedding.get_text_embedding("large 3"), rel=1e-6)
    assert other.embedding == pytest.approx(SMALL.get_text_embedding("small 3"), rel=1e-6)


def test_one_vector_is_calibrated_and_made_raw_again_while_the_other_stays(pair, client):
    large, small = pair
    before = {r.id: r for r in client.scroll("docs", limit=200, with_vectors=True)[0]}
    name = large._field.name
    calibration = make_calibration(encoder_identity(large.embed_model), bias=0.25)
    assert run(client, recalibrate("docs", calibration, vector_name=name)) == SIZE
    kept = [found(small, "why", similarity=s) for s in ("cosine", "dot")]
    calibrated = store(client, large.embed_model, vector_name=name, calibration=calibration)
    assert len(found(calibrated, "why")) == 10
    assert run(client, recalibrate("docs", None, vector_name=name)) == SIZE
    after = {r.id: r for r in client.scroll("docs", limit=200, with_vectors=True)[0]}
    assert {i: (r.vector, r.payload) for i, r in after.items()} == {
        i: (r.vector, r.payload) for i, r in before.items()
    }
    assert [found(small, "why", similarity=s) for s in ("cosine", "dot")] == kept


def test_sparse_vectors_serve_every_named_one(client, hash_embedding):
    large = store(client, hash_embedding, sparse=Bm25())
    large.add(nodes(hash_embedding, "large"))
    small = store(client, SMALL, vector_name="title", sparse=Bm25())
    small.add(nodes(SMALL, "small"))
    query = {"similarity_top_k": 3, "query_str": "text 7", "mode": VectorStoreQueryMode.HYBRID, "alpha": 0.01}
    assert large.query(VectorStoreQuery([1.0] * 16, **query)).ids[0] == "n7"
    assert small.query(VectorStoreQuery([1.0] * 5, **query)).ids[0] == "n7"
    calibration = make_calibration(encoder_identity(hash_embedding))

    def by_words() -> list[tuple[object, float]]:
        found = client.query_points("docs", query=Bm25().query("text 7"), using="bm25", limit=3)
        return [(point.id, point.score) for point in found.points]

    before = by_words()
    run(client, recalibrate("docs", calibration))
    assert by_words() == before


def test_a_named_vector_that_is_not_there_is_named_and_made_when_nodes_are_added(client, hash_embedding):
    store(client, hash_embedding).add(nodes(hash_embedding, "large"))
    title = store(client, SMALL, vector_name="title")
    with pytest.raises(ContractError, match=r"\(''\) and no vector 'title'"):
        title.query(VectorStoreQuery([1.0] * 5))
    title.add(nodes(SMALL, "small", size=2))
    assert set(title.query(VectorStoreQuery([1.0] * 5, similarity_top_k=9)).ids) == {"n0", "n1"}
    with pytest.raises(DimensionError, match="dimension 16 where 5 is needed"):
        title.add(nodes(hash_embedding, "large", size=1))


def test_an_unnamed_vector_is_not_looked_for_where_all_have_names(client, hash_embedding):
    store(client, hash_embedding, vector_name="title").add(nodes(hash_embedding, "large", size=2))
    with pytest.raises(ContractError, match=r"named vectors \('title'\).*vector_name=…"):
        store(client, hash_embedding)


def test_another_encoder_under_a_vectors_name_is_refused(client, hash_embedding):
    store(client, hash_embedding, vector_name="title").add(nodes(hash_embedding, "large", size=2))
    with pytest.raises(ContractError, match="made with encoder"):
        store(client, SMALL, vector_name="title")


def test_a_name_that_no_payload_key_can_end_in_is_refused(client, hash_embedding):
    with pytest.raises(QueryError, match="cannot be part of a payload key"):
        store(client, hash_embedding, vector_name="my title")


def test_metadata_under_the_norm_of_any_of_the_vectors_is_refused(pair, hash_embedding):
    large, small = pair
    for vector_store, embedding in ((large, hash_embedding), (small, SMALL)):
        for key in (large._field.norm, small._field.norm):
            with pytest.raises(EmbeddingError, match=f"{key!r}.*rename"):
                vector_store.add(nodes(embedding, "x", size=1, **{key: 3}))


def test_norms_of_a_named_vector_are_filled_back(client):
    params = models.VectorParams(size=5, distance=models.Distance.DOT)
    client.create_collection("docs", vectors_config={"title": params, "body": params})
    points = [
        models.PointStruct(id=i, vector={"title": SMALL.get_text_embedding(str(i))}, payload={"text": "t"})
        for i in range(20)
    ]
    points.append(models.PointStruct(id=99, vector={"body": [1.0] * 5}, payload={"text": "t"}))
    client.upsert("docs", points)
    title = store(client, SMALL, vector_name="title")
    with pytest.raises(MissingNormError, match="20 points without 'norm_title'"):
        title.query(VectorStoreQuery([1.0] * 5))
    steps = backfill("docs", payload_index=False, encoder=encoder_identity(SMALL), vector_name="title")
    assert run(client, steps) == 20
    assert len(title.search(VectorStoreQuery([1.0] * 5, similarity_top_k=50))) == 20

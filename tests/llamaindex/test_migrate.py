from __future__ import annotations

import numpy as np
import pytest
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models
from tests.conftest import HashEmbedding

from norm_aware import NormAwareVectorStore
from norm_aware.errors import (
    CollectionError,
    CollectionNotFoundError,
    ContractError,
    EmbeddingError,
    NormalizedEmbeddingError,
    QueryError,
)
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.migrate import migrate
from norm_aware.llamaindex.migration import MigrationOptions
from norm_aware.llamaindex.migration_source import find_way
from norm_aware.llamaindex.points import point_id
from norm_aware.qdrant.calls import is_local, run
from norm_aware.qdrant.collection import open_collection

TEXTS = [f"Text {i} speaks of the weather." for i in range(300)]
UUIDS = [point_id(f"node-{i}") for i in range(len(TEXTS))]
Distance = models.Distance


def embedded_nodes(embedding, texts=TEXTS) -> list[TextNode]:
    nodes = [TextNode(id_=UUIDS[i], text=text, metadata={"i": i}) for i, text in enumerate(texts)]
    for node in nodes:
        node.embedding = embedding.get_text_embedding(node.get_content(MetadataMode.EMBED))
    return nodes


def stock_cosine(client, embedding, texts=TEXTS) -> None:
    """What LlamaIndex's own store makes: Cosine, and a node in every payload."""
    stock = QdrantVectorStore("old", client=client, index_doc_id=not is_local(client))
    stock.add(embedded_nodes(embedding, texts))


def points(client, vectors, *, distance, name="old", payload=None, vector_name=None) -> None:
    params = models.VectorParams(size=len(vectors[0]), distance=distance)
    client.create_collection(name, vectors_config={vector_name: params} if vector_name else params)
    client.upsert(
        name,
        [
            models.PointStruct(
                id=i,
                vector={vector_name: list(v)} if vector_name else list(v),
                payload={"i": i, **(payload(i) if payload else {})},
            )
            for i, v in enumerate(vectors)
        ],
    )


def do(client, options=None, **keywords):
    return run(client, migrate("old", options, payload_index=not is_local(client), **keywords))


def everything(client, name) -> list[tuple[str, list[float], str]]:
    records, _ = client.scroll(name, limit=1000, with_vectors=True)
    return sorted(
        (str(r.id), np.asarray(r.vector, dtype=np.float32).tolist(), repr(r.payload)) for r in records
    )


@pytest.fixture
def raw() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)


def test_a_cosine_collection_is_embedded_again_and_is_what_our_store_would_have_made(client, hash_embedding):
    stock_cosine(client, hash_embedding)
    before = everything(client, "old")
    done = do(client, embed_model=hash_embedding)
    assert (done.way, done.into, done.read, done.written, done.already) == (
        "embed", "old-norm-aware", 300, 300, 0,
    )  # fmt: skip
    assert (done.compared, done.agreeing) == (300, 300)
    assert done.skipped == {}
    assert everything(client, "old") == before
    store = NormAwareVectorStore("old-norm-aware", client=client, embed_model=hash_embedding)
    other = NormAwareVectorStore("ours", client=client, embed_model=hash_embedding)
    other.add(embedded_nodes(hash_embedding))
    assert everything(client, "old-norm-aware") == everything(client, "ours")
    contract, _ = run(client, open_collection("old-norm-aware"))
    assert contract == run(client, open_collection("ours"))[0]
    query = VectorStoreQuery(hash_embedding.get_query_embedding("rain"), similarity_top_k=5)
    assert len(store.get_nodes(UUIDS)) == 300
    for similarity in ("cosine", "dot"):
        assert store.query(query, similarity=similarity).ids == other.query(query, similarity=similarity).ids


def test_a_run_that_was_cut_off_goes_on_where_it_stopped_and_ends_the_same(client, hash_embedding):
    stock_cosine(client, hash_embedding)
    embedded: list[str] = []

    class Counting(HashEmbedding):
        def _get_text_embedding(self, text):
            embedded.append(text)
            return super()._get_text_embedding(text)

    def cut(stage, done, total):
        if done >= 200:
            raise KeyboardInterrupt

    encoder = Counting(model_name="hash")
    with pytest.raises(KeyboardInterrupt):
        do(client, embed_model=encoder, progress=cut)
    held = client.count("old-norm-aware").count
    assert 0 < held < 300
    embedded.clear()
    done = do(client, embed_model=encoder)
    assert (done.already, done.written, len(embedded)) == (held, 300 - held, 300 - held)
    once = everything(client, "old-norm-aware")
    again = do(client, embed_model=encoder)
    assert (again.already, again.written) == (300, 0)
    assert everything(client, "old-norm-aware") == once
    assert len(once) == 300


def test_an_encoder_that_did_not_make_the_vectors_is_noticed_before_anything_is_written(
    client, hash_embedding
):
    stock_cosine(client, hash_embedding)

    class Other(HashEmbedding):
        def _vector(self, text):
            return super()._vector("other " + text)

    other, short = Other(model_name="other"), HashEmbedding(model_name="short", dimension=4)
    with pytest.raises(
        ContractError, match=r"Only 0 of the first 128 .*'other'.*median cosine.*--encoder-changed"
    ):
        do(client, embed_model=other)
    with pytest.raises(ContractError, match=r"dimension 4, not 16"):
        do(client, embed_model=short)
    assert not client.collection_exists("old-norm-aware")
    done = do(client, MigrationOptions(encoder_changed=True), embed_model=short)
    assert (done.written, done.compared) == (300, 0)
    assert client.get_collection("old-norm-aware").config.params.vectors.size == 4


def test_another_tools_points_are_embedded_by_the_payload_key_of_their_text(client, hash_embedding):
    vectors = [hash_embedding.get_text_embedding(text) for text in TEXTS[:20]]
    texts = {**dict(enumerate(TEXTS[:17])), 17: "", 18: None, 19: "  "}
    points(client, vectors, distance=Distance.COSINE, payload=lambda i: {"body": texts[i]})
    with pytest.raises(CollectionError, match=r"nothing to migrate \(20: not LlamaIndex's.*--text-key"):
        do(client, embed_model=hash_embedding)
    done = do(client, MigrationOptions(text_key="body", into="new"), embed_model=hash_embedding)
    assert (done.read, done.written, done.agreeing) == (20, 17, 17)
    assert done.skipped == {"empty text": 2, "no text under 'body'": 1}
    assert done.examples["empty text"] == ["17", "19"]
    assert "Skipped 2: empty text (17, 19)." in done.sentences()
    store = NormAwareVectorStore("new", client=client, embed_model=hash_embedding)
    found = store.query(VectorStoreQuery(vectors[3], similarity_top_k=1))
    assert (found.nodes[0].text, found.nodes[0].metadata, found.ids) == (TEXTS[3], {"i": 3}, ["3"])
    (kept,) = client.retrieve("new", [point_id("3")])
    assert kept.payload["body"] == TEXTS[3]
    assert [node.node_id for node in store.get_nodes(["3"])] == ["3"]


@pytest.mark.parametrize("distance", [Distance.EUCLID, Distance.MANHATTAN])
def test_raw_vectors_under_another_distance_are_copied_to_the_bit(client, raw, distance):
    points(client, raw, distance=distance)
    done = do(client)
    assert (done.way, done.written, done.compared) == ("copy", 200, 0)
    records, _ = client.scroll("old-norm-aware", limit=1000, with_vectors=True)
    for record in records:
        assert np.array_equal(np.asarray(record.vector, dtype=np.float32), raw[record.id])
        assert record.payload == {"i": record.id, "norm": pytest.approx(norms(raw[record.id]), rel=1e-12)}
    assert do(client).already == 200


def test_a_dot_collection_is_filled_in_where_it_is(client, raw, hash_embedding):
    points(client, raw, distance=Distance.DOT)
    done = do(client, embed_model=hash_embedding)
    assert (done.way, done.into, done.written, done.read) == ("backfill", "old", 200, 200)
    assert done.sentences() == ["Wrote the norm of 200 of 200 points in collection 'old'."]
    assert run(client, open_collection("old"))[0].encoder == "HashEmbedding:hash"


def test_a_named_vector_is_taken_along_and_others_are_reported(client, raw):
    points(client, raw, distance=Distance.DOT, vector_name="body")
    assert do(client).written == 200
    assert len(everything(client, "old-norm-aware")) == 200
    params = models.VectorParams(size=2, distance=Distance.DOT)
    client.create_collection("two", vectors_config={"a": params, "b": params})
    client.upsert("two", [models.PointStruct(id=1, vector={"a": [3, 4], "b": [1, 0]}, payload={})])
    with pytest.raises(ContractError, match=r"'a', 'b'; say which one"):
        run(client, find_way("two", MigrationOptions()))
    done = run(client, migrate("two", MigrationOptions(vector="a"), payload_index=False))
    assert done.left == ("b",)
    assert client.retrieve("two-norm-aware", [1])[0].payload == {"norm": 5.0}


def test_an_alias_of_the_old_collection_names_it_too(client, raw):
    points(client, raw, distance=Distance.EUCLID)
    create = models.CreateAlias(collection_name="old", alias_name="docs")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])
    assert run(client, migrate("docs", payload_index=False)).source == "old"


def test_unit_vectors_are_refused_under_any_distance_with_the_way_to_bring_their_norms_back(
    client, raw, hash_embedding
):
    points(client, raw / np.linalg.norm(raw, axis=1, keepdims=True), distance=Distance.EUCLID)
    with pytest.raises(NormalizedEmbeddingError, match="embed their texts again"):
        do(client)
    assert not client.collection_exists("old-norm-aware")
    assert do(client, MigrationOptions(allow_normalized=True)).written == 200
    assert run(client, open_collection("old-norm-aware"))[0].raw is False


def test_a_payload_that_means_something_else_by_norm_is_refused(client, raw):
    points(client, raw, distance=Distance.EUCLID, payload=lambda i: {"norm": "ISO 9001"})
    with pytest.raises(EmbeddingError, match="'ISO 9001', which is not its vector's length"):
        do(client)


def test_what_cannot_be_migrated_says_why(client, hash_embedding):
    with pytest.raises(CollectionNotFoundError, match="no collection 'old'"):
        do(client)
    client.create_collection("old", vectors_config=models.VectorParams(size=2, distance=Distance.COSINE))
    with pytest.raises(QueryError, match="give its encoder"):
        do(client)
    with pytest.raises(QueryError, match="'old' is the collection to migrate itself"):
        do(client, MigrationOptions(into="old"), embed_model=hash_embedding)
    with pytest.raises(CollectionError, match="it is empty"):
        do(client, embed_model=hash_embedding)


def test_a_new_collection_of_another_encoder_is_not_mixed_with(client, hash_embedding):
    stock_cosine(client, hash_embedding, TEXTS[:5])
    store = NormAwareVectorStore("new", client=client, embed_model=HashEmbedding(model_name="other"))
    store.add([TextNode(text=t, embedding=hash_embedding.get_text_embedding(t)) for t in TEXTS[:3]])
    with pytest.raises(ContractError, match="made with encoder 'HashEmbedding:other'"):
        do(client, MigrationOptions(into="new"), embed_model=hash_embedding)


def test_payload_indexes_of_the_old_collection_are_made_anew(server, hash_embedding):
    client = QdrantClient(url=server.url, check_compatibility=False)
    stock_cosine(client, hash_embedding, TEXTS[:5])
    client.create_payload_index("old", "i", models.PayloadSchemaType.INTEGER)
    assert do(client, embed_model=hash_embedding).written == 5
    assert set(server.indexes["old-norm-aware"]) == {"norm", "doc_id", "i"}
    client.close()

"""The clients as their users see them: refusals, the index, threads and tasks, LlamaIndex's own store."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from norm_aware.errors import CollectionError, DimensionError, EmbeddingError, UnsupportedError
from norm_aware.qdrant.embedded import EmbeddedClient, collection

DOT = models.VectorParams(size=2, distance=models.Distance.DOT)


@pytest.fixture
def client(tmp_path):
    client = EmbeddedClient(tmp_path)
    client.create_collection("c", vectors_config=DOT)
    yield client
    client.close()


def points(count: int, start: int = 0) -> list[models.PointStruct]:
    return [models.PointStruct(id=i, vector=[float(i), 1.0]) for i in range(start, start + count)]


def test_it_is_a_qdrant_client_whose_repr_and_options_name_the_folder(client, tmp_path):
    assert isinstance(client, QdrantClient)
    assert client.init_options == {"path": str(tmp_path)}
    assert isinstance(client.as_async(), AsyncQdrantClient)


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("create_snapshot", lambda c: c.create_snapshot("c")),
        ("shard_number", lambda c: c.create_collection("d", vectors_config=DOT, shard_number=2)),
        ("multivectors", lambda c: c.create_collection("d", vectors_config=MULTI)),
        ("Document", lambda c: c.query_points("c", query=models.Document(text="x", model="m"))),
        ("RecommendQuery", lambda c: c.query_points("c", query=RECOMMEND)),
        ("lookup_from", lambda c: c.query_points("c", query=[1, 2], lookup_from={"collection": "d"})),
        ("search_matrix_pairs", lambda c: c.search_matrix_pairs("c")),
        ("query_points_groups", lambda c: c.query_points_groups("c", group_by="a", query=[1.0, 2.0])),
    ],
)
def test_what_the_engine_does_not_have_is_refused_by_name(client, name, act):
    with pytest.raises(UnsupportedError, match=rf"does not support .*{name}.*server"):
        act(client)


MULTI = models.VectorParams(
    size=2,
    distance=models.Distance.DOT,
    multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
)
RECOMMEND = models.RecommendQuery(recommend=models.RecommendInput(positive=[1]))


@pytest.mark.parametrize(
    ("error", "bad", "message"),
    [
        (DimensionError, models.PointStruct(id=7, vector=[1.0, 2.0, 3.0]), "Point 7 .* dimension 3"),
        (EmbeddingError, models.PointStruct(id=7, vector=[1.0, float("nan")]), "Point 7 has NaN"),
        (EmbeddingError, models.PointStruct(id=7, vector=[1.0, float("inf")]), "Point 7 has NaN or infinite"),
        (EmbeddingError, models.PointStruct(id=7, vector={"other": [1.0]}), "vector named 'other'"),
        (CollectionError, models.PointStruct(id="seven", vector=[1.0, 2.0]), "'seven' is neither"),
        (CollectionError, models.PointStruct(id=-7, vector=[1.0, 2.0]), "-7 is neither"),
    ],
)
def test_of_a_batch_with_one_bad_point_nothing_is_stored(client, error, bad, message):
    with pytest.raises(error, match=message):
        client.upsert("c", [*points(3), bad])
    assert client.count("c").count == 0


def test_a_missing_collection_and_a_second_of_one_name_are_refused(client):
    with pytest.raises(CollectionError, match="There is no collection 'absent'.*'c'"):
        client.count("absent")
    with pytest.raises(CollectionError, match="already exists"):
        client.create_collection("c", vectors_config=DOT)
    assert not client.delete_collection("absent")


def test_the_index_is_built_when_it_has_to_double_and_not_while_a_load_defers_it(client, monkeypatch):
    monkeypatch.setattr(collection, "_INDEX_AFTER", 10)
    built = []
    plain = collection.EmbeddedCollection.optimize
    monkeypatch.setattr(
        collection.EmbeddedCollection, "optimize", lambda self: built.append(self) or plain(self)
    )
    with client.deferring():
        client.upsert("c", points(30))
    assert built == []
    client.upsert("c", points(1, 30))
    assert len(built) == 1
    client.upsert("c", points(5, 31))
    # the engine leaves so few points to brute force, so that they count again
    assert len(built) == 2
    assert client.query_points("c", query=[1.0, 0.0], limit=1).points[0].id == 35


def test_threads_and_tasks_share_one_client(client):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: client.upsert("c", points(20, 20 * i)), range(10)))
    assert client.count("c").count == 200
    other = client.as_async()

    async def ask() -> list[int]:
        asked = (other.query_points("c", query=[1.0, 0.0], limit=3) for _ in range(1000))
        answers = await asyncio.gather(*asked)
        return [answer.points[0].id for answer in answers]

    assert set(asyncio.run(ask())) == {199}


def test_llamaindexs_own_store_works_on_it_sync_and_async(hash_embedding, tmp_path):
    client = EmbeddedClient(tmp_path / "stock")
    store = QdrantVectorStore("stock", client=client, aclient=client.as_async())
    words = ["rain", "snow", "wind", "hail"]
    nodes = [TextNode(text=word, metadata={"length": len(word), "word": word}) for word in words]
    storage = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex(nodes, storage_context=storage, embed_model=hash_embedding)
    retriever = index.as_retriever(similarity_top_k=2)
    assert retriever.retrieve("snow")[0].text == "snow"
    assert asyncio.run(retriever.aretrieve("snow"))[0].text == "snow"
    only = MetadataFilters(filters=[MetadataFilter(key="word", value="hail")])
    assert [n.text for n in index.as_retriever(filters=only).retrieve("snow")] == ["hail"]
    stored = store.get_nodes(filters=only)
    assert np.linalg.norm(stored[0].embedding) == pytest.approx(1, rel=1e-5)  # the stock store's Cosine
    store.delete_nodes(filters=only)
    assert client.count("stock").count == 3
    client.close()

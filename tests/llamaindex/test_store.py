from __future__ import annotations

import asyncio

import numpy as np
import pytest
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores.types import (
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from qdrant_client import AsyncQdrantClient, models
from tests.llamaindex.stored import TEXTS, nodes, store

from norm_aware import NormAwareVectorStore
from norm_aware.errors import (
    CollectionError,
    CollectionNotFoundError,
    ContractError,
    DimensionError,
    DistanceError,
    EmbeddingError,
    MissingNormError,
    NormalizedEmbeddingError,
    QueryError,
)
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.points import point_id

DOCUMENTS = [Document(text=text, id_=f"doc-{i}", metadata={"number": i}) for i, text in enumerate(TEXTS)]


def from_documents(vector_store, embedding):
    context = StorageContext.from_defaults(vector_store=vector_store)
    VectorStoreIndex.from_documents(DOCUMENTS, storage_context=context, embed_model=embedding)


def insert_nodes(vector_store, embedding):
    index = VectorStoreIndex.from_vector_store(vector_store, embed_model=embedding)
    index.insert_nodes([TextNode(text=text) for text in TEXTS])


def pipeline(vector_store, embedding):
    IngestionPipeline(transformations=[SentenceSplitter(), embedding], vector_store=vector_store).run(
        documents=DOCUMENTS
    )


def async_pipeline(vector_store, embedding):
    steps = IngestionPipeline(transformations=[SentenceSplitter(), embedding], vector_store=vector_store)
    asyncio.run(steps.arun(documents=DOCUMENTS))


@pytest.mark.parametrize("path", [from_documents, insert_nodes, pipeline, async_pipeline])
def test_every_stock_path_ends_in_raw_vectors_under_dot_with_their_norm(client, hash_embedding, path):
    path(store(client, hash_embedding), hash_embedding)
    info = client.get_collection("docs")
    assert info.config.params.vectors.distance == models.Distance.DOT
    records, _ = client.scroll("docs", limit=100, with_vectors=True)
    assert len(records) == len(TEXTS)
    for record in records:
        assert record.payload["norm"] == pytest.approx(float(norms(record.vector)), rel=1e-14)
    lengths = [record.payload["norm"] for record in records]
    assert max(lengths) > 2 * min(lengths)


def test_a_norm_reaches_neither_the_embedded_text_nor_the_prompt_nor_the_metadata(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    found = vector_store.search(
        VectorStoreQuery(hash_embedding.get_query_embedding("rain"), similarity_top_k=3)
    )
    for hit in [*found, *vector_store.get_nodes(["node-1"])]:
        for mode in MetadataMode:
            assert "norm" not in hit.get_content(mode)
        assert "norm" not in hit.metadata


def test_the_contract_names_the_encoder_and_its_dimension(client, encoder):
    vector_store = store(client, encoder)
    vector_store.add([TextNode(text="a", embedding=encoder.get_text_embedding("a"))])
    record = client.get_collection("docs").config.metadata["norm_aware"]
    assert record["encoder"] == encoder.model_name
    assert record["fingerprint"] == encoder.fingerprint
    assert (record["dimension"], record["raw"], record["schema_version"]) == (384, True, 1)


def test_an_async_client_alone_serves_adding_and_searching(hash_embedding):
    async def work() -> None:
        vector_store = NormAwareVectorStore(
            "docs", aclient=AsyncQdrantClient(":memory:"), embed_model=hash_embedding
        )
        await vector_store.async_add(nodes(hash_embedding))
        query = VectorStoreQuery(hash_embedding.get_query_embedding(TEXTS[3]), similarity_top_k=1)
        assert (await vector_store.aquery(query)).ids == ["node-3"]
        await vector_store.adelete_nodes(["node-3"])
        assert await vector_store.aget_nodes(["node-3"]) == []
        with pytest.raises(QueryError, match="only an async client"):
            vector_store.query(query)

    asyncio.run(work())


def test_node_ids_that_are_no_uuids_come_back_as_they_were(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    assert {node.node_id for node in vector_store.get_nodes(["node-1", "node-2"])} == {"node-1", "node-2"}
    query = VectorStoreQuery(hash_embedding.get_query_embedding("x"), similarity_top_k=5, node_ids=["node-4"])
    assert vector_store.query(query).ids == ["node-4"]
    vector_store.delete_nodes(["node-4"])
    assert vector_store.get_nodes(["node-4"]) == []
    assert point_id(point_id("node-4")) == point_id("node-4")


def test_adding_the_same_nodes_again_doubles_nothing(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    vector_store.add(nodes(hash_embedding))
    assert client.count("docs").count == len(TEXTS)


def test_metadata_filters_and_deletion_by_document_are_the_stock_stores(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    from_documents(vector_store, hash_embedding)
    query = VectorStoreQuery(
        hash_embedding.get_query_embedding("x"),
        similarity_top_k=30,
        filters=MetadataFilters(filters=[MetadataFilter(key="number", value=15, operator=">=")]),
    )
    assert sorted(node.metadata["number"] for node in vector_store.search(query)) == [15, 16, 17, 18, 19]
    vector_store.delete("doc-17")
    assert sorted(node.metadata["number"] for node in vector_store.search(query)) == [15, 16, 18, 19]


def test_unit_vectors_are_refused_unless_they_are_meant_and_nothing_is_left_behind(client, hash_embedding):
    unit = [TextNode(text=str(i), embedding=[np.cos(i), np.sin(i)]) for i in range(3)]
    with pytest.raises(NormalizedEmbeddingError, match=r"length 1.*HashEmbedding.*allow_normalized"):
        store(client, hash_embedding).add(unit)
    assert not client.collection_exists("docs")
    store(client, hash_embedding, allow_normalized=True).add(unit)
    assert client.get_collection("docs").config.metadata["norm_aware"]["raw"] is False


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_broken_embedding_is_refused_by_its_document_and_none_of_its_batch_is_stored(
    client, hash_embedding, bad
):
    vector_store = store(client, hash_embedding)
    batch = nodes(hash_embedding)
    batch[7].embedding[3] = bad
    with pytest.raises(EmbeddingError, match=r"node-7 .*NaN or infinite"):
        vector_store.add(batch)
    assert not client.collection_exists("docs")
    vector_store.add(nodes(hash_embedding)[:5])
    with pytest.raises(EmbeddingError, match="node-7"):
        vector_store.add(batch)
    assert client.count("docs").count == 5


def test_an_embedding_of_another_dimension_is_refused(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    with pytest.raises(DimensionError, match="dimension 2 where 16 is needed"):
        vector_store.add([TextNode(text="x", embedding=[1.0, 2.0])])
    with pytest.raises(DimensionError, match="query's embedding has dimension 2"):
        vector_store.query(VectorStoreQuery([1.0, 2.0]))


def test_metadata_under_the_norms_name_is_refused_with_advice(client, hash_embedding):
    node = TextNode(text="x", embedding=[1.0, 2.0], metadata={"norm": "ISO 9001"})
    with pytest.raises(EmbeddingError, match="rename that metadata key"):
        store(client, hash_embedding).add([node])


def test_an_existing_cosine_collection_is_refused_when_the_store_is_opened(client, hash_embedding):
    client.create_collection(
        "docs", vectors_config=models.VectorParams(size=16, distance=models.Distance.COSINE)
    )
    with pytest.raises(DistanceError, match="under Cosine"):
        store(client, hash_embedding)


def test_a_collection_of_another_encoder_is_refused_when_the_store_is_opened(client, hash_embedding, encoder):
    store(client, hash_embedding).add(nodes(hash_embedding))
    with pytest.raises(ContractError, match=r"made with encoder .*HashEmbedding:hash"):
        store(client, encoder)


def test_points_without_norms_are_found_out_before_they_are_passed_over(client, hash_embedding):
    store(client, hash_embedding).add(nodes(hash_embedding))
    client.upsert("docs", [models.PointStruct(id=1, vector=[1.0] * 16, payload={})])
    with pytest.raises(MissingNormError, match="1 points without 'norm'"):
        store(client, hash_embedding).query(VectorStoreQuery([1.0] * 16))


def test_a_missing_and_an_emptied_collection_say_so(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    with pytest.raises(CollectionNotFoundError, match="index documents first"):
        vector_store.query(VectorStoreQuery([1.0] * 16))
    vector_store.add(nodes(hash_embedding)[:1])
    vector_store.delete_nodes(["node-0"])
    with pytest.raises(CollectionError, match="holds no documents"):
        vector_store.query(VectorStoreQuery([1.0] * 16))


def test_a_cleared_store_starts_anew_even_with_another_dimension(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    vector_store.clear()
    vector_store.add([TextNode(text="x", embedding=[1.0, 2.0]), TextNode(text="y", embedding=[2.0, 2.0])])
    assert client.get_collection("docs").config.params.vectors.size == 2


def test_adding_nothing_creates_nothing(client, hash_embedding):
    assert store(client, hash_embedding).add([]) == []
    assert not client.collection_exists("docs")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (VectorStoreQuery([1.0] * 16, similarity_top_k=0), "similarity_top_k is 0"),
        (VectorStoreQuery(None), "no embedding"),
        (VectorStoreQuery([1.0] * 16, mode=VectorStoreQueryMode.SVM), "mode 'svm' is not supported"),
    ],
)
def test_a_query_without_an_answer_is_refused(client, hash_embedding, query, message):
    vector_store = store(client, hash_embedding)
    vector_store.add(nodes(hash_embedding))
    with pytest.raises(QueryError, match=message):
        vector_store.query(query)


def test_a_stock_retriever_takes_our_similarity_through_its_own_options(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    from_documents(vector_store, hash_embedding)
    index = VectorStoreIndex.from_vector_store(vector_store, embed_model=hash_embedding)
    by = {
        name: index.as_retriever(similarity_top_k=20, vector_store_kwargs={"similarity": name}).retrieve(
            "rain"
        )
        for name in ("cosine", "dot")
    }
    assert [n.node_id for n in by["cosine"]] != [n.node_id for n in by["dot"]]
    assert all(abs(n.score) <= 1 + 1e-6 for n in by["cosine"])


def test_a_store_without_a_client_says_what_to_pass(hash_embedding):
    with pytest.raises(QueryError, match="client="):
        NormAwareVectorStore("docs", embed_model=hash_embedding)


def test_many_tasks_and_threads_may_use_one_local_client(client, hash_embedding):
    vector_store = store(client, hash_embedding)
    batches = [nodes(hash_embedding, [f"{n} {t}" for t in TEXTS]) for n in range(8)]
    for n, batch in enumerate(batches):
        for node in batch:
            node.id_ = f"{n}-{node.id_}"
    query = VectorStoreQuery(hash_embedding.get_query_embedding("x"), similarity_top_k=3)

    async def work() -> None:
        await asyncio.gather(*(vector_store.async_add(batch) for batch in batches))
        found = await asyncio.gather(
            *(vector_store.aquery(query) for _ in range(10)), vector_store.async_add(batches[0])
        )
        assert all(len(result.ids) == 3 for result in found[:-1])

    asyncio.run(work())
    assert client.count("docs").count == 8 * len(TEXTS)
    assert len(vector_store.query(query).ids) == 3


def test_an_empty_dot_collection_of_the_users_own_is_adopted_and_a_filled_one_refused(client, hash_embedding):
    params = models.VectorParams(size=16, distance=models.Distance.DOT)
    client.create_collection("docs", vectors_config=params)
    store(client, hash_embedding).add(nodes(hash_embedding))
    assert client.get_collection("docs").config.metadata["norm_aware"]["encoder"].endswith(":hash")
    client.create_collection("filled", vectors_config=params)
    client.upsert("filled", [models.PointStruct(id=1, vector=[1.0] * 16, payload={"norm": 4.0})])
    filled = NormAwareVectorStore("filled", client=client, embed_model=hash_embedding)
    with pytest.raises(ContractError, match="1 points of an unrecorded encoder"):
        filled.add(nodes(hash_embedding))


def test_a_node_without_an_embedding_is_refused_by_its_name(client, hash_embedding):
    with pytest.raises(EmbeddingError, match="node lonely.* has no embedding"):
        store(client, hash_embedding).add([TextNode(id_="lonely", text="x")])


def test_half_precision_unit_vectors_and_a_zero_among_them_are_still_unit_vectors(client, hash_embedding):
    angles = np.linspace(0.1, 1.4, 20)
    half = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16).astype(float).tolist()
    with pytest.raises(NormalizedEmbeddingError):
        store(client, hash_embedding).add(
            [TextNode(text="x", embedding=vector) for vector in [*half, [0.0, 0.0]]]
        )

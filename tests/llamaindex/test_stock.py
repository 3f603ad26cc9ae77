from __future__ import annotations

import asyncio
import dataclasses

import pytest
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import (
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from qdrant_client import models

from norm_aware import Bm25, NormAwareRetriever, NormAwareVectorStore, Tenant
from norm_aware.errors import EmbeddingError, QueryError

SIZE = 12
EVERYTHING = MetadataFilters(
    filters=[
        MetadataFilter(key="tenant_id", value="globex"),
        MetadataFilter(key="number", value=-1, operator=">"),
    ],
    condition="or",
)


def store(client, embedding, **options) -> NormAwareVectorStore:
    return NormAwareVectorStore("docs", client=client, embed_model=embedding, **options)


def nodes(embedding, whose: str = "", size: int = SIZE) -> list[TextNode]:
    return [
        TextNode(
            id_=f"n{i}",
            text=f"{whose} secret {i}",
            metadata={"number": i, "even": i % 2 == 0},
            embedding=embedding.get_text_embedding(f"{whose} {i}"),
        )
        for i in range(size)
    ]


@pytest.fixture
def tenants(client, hash_embedding) -> tuple[NormAwareVectorStore, NormAwareVectorStore]:
    """Two tenants' stores, whose nodes have the same ids, documents and metadata."""
    both = tuple(store(client, hash_embedding, tenant=name, sparse=Bm25()) for name in ("acme", "globex"))
    for each in both:
        each.add(nodes(hash_embedding, each.tenant.name))
    return both


def of(found) -> set[str]:
    """Whose nodes these are."""
    return {node.get_content().split()[0] for node in found}


def test_nodes_are_read_however_many_there_are(client, hash_embedding):
    many = store(client, hash_embedding)
    many.add(nodes(hash_embedding, size=600))
    assert len(many.get_nodes()) == 600
    assert len(asyncio.run(many.aget_nodes(limit=300))) == 300
    assert many.get_nodes(limit=0) == []


def test_ids_and_filters_together_select_what_both_select(client, hash_embedding):
    mine = store(client, hash_embedding)
    mine.add(nodes(hash_embedding))
    either = MetadataFilters(
        filters=[MetadataFilter(key="number", value=1), MetadataFilter(key="number", value=2)], condition="or"
    )
    assert {node.node_id for node in mine.get_nodes(["n2", "n3"], either)} == {"n2"}
    mine.delete_nodes(["n2", "n3"], either)
    assert {node.node_id for node in mine.get_nodes()} == {f"n{i}" for i in range(SIZE) if i != 2}
    assert mine.get_nodes([]) == []
    mine.delete_nodes([])
    assert len(mine.get_nodes()) == SIZE - 1


@pytest.mark.parametrize("filters", [None, MetadataFilters(filters=[])])
def test_deleting_nothing_in_particular_deletes_nothing(client, hash_embedding, filters):
    mine = store(client, hash_embedding)
    mine.add(nodes(hash_embedding))
    with pytest.raises(QueryError, match="No nodes to delete were named"):
        mine.delete_nodes(filters=filters)
    with pytest.raises(QueryError, match="No nodes to delete were named"):
        asyncio.run(mine.adelete_nodes(filters=filters))
    assert len(mine.get_nodes()) == SIZE


def test_nodes_come_back_with_their_raw_embedding(client, hash_embedding):
    mine = store(client, hash_embedding)
    mine.add(nodes(hash_embedding))
    for node in mine.get_nodes():
        assert node.embedding == pytest.approx(
            hash_embedding.get_text_embedding(f" {node.metadata['number']}")
        )


def test_no_path_finds_or_reads_another_tenants_nodes(tenants, hash_embedding):
    acme, _ = tenants
    query = VectorStoreQuery([1.0] * 16, similarity_top_k=50, query_str="globex secret")
    asked = [
        *(dataclasses.replace(query, mode=mode) for mode in ("default", "sparse", "hybrid", "mmr")),
        dataclasses.replace(query, filters=EVERYTHING),
        dataclasses.replace(query, node_ids=[f"n{i}" for i in range(SIZE)]),
        dataclasses.replace(query, doc_ids=["None"]),
    ]
    asked = [dataclasses.replace(each, mode=VectorStoreQueryMode(each.mode)) for each in asked]
    all_of_them = models.Filter(
        should=[models.FieldCondition(key="tenant_id", match=models.MatchAny(any=["acme", "globex"]))]
    )
    for each in asked:
        for kwargs in ({}, {"qdrant_filters": all_of_them}, {"exact": True}, {"fusion": "standardized"}):
            found = acme.query(each, **kwargs)
            assert found.nodes
            assert of(found.nodes) == {"acme"}
            assert of(asyncio.run(acme.aquery(each, **kwargs)).nodes) == {"acme"}
            assert of(node.node for node in acme.search(each)) == {"acme"}
    index = VectorStoreIndex.from_vector_store(acme, embed_model=hash_embedding)
    for options in ({}, {"hybrid": "rrf"}, {"hybrid": "standardized"}, {"diversity": 0.2}, {"exact": True}):
        retriever = NormAwareRetriever(index, similarity_top_k=50, filters=EVERYTHING, **options)
        assert of(node.node for node in retriever.retrieve("globex")) == {"acme"}
    for filters in (None, EVERYTHING):
        for ids in (None, [f"n{i}" for i in range(SIZE)]):
            assert of(acme.get_nodes(ids, filters)) == {"acme"}
            assert of(asyncio.run(acme.aget_nodes(ids, filters))) == {"acme"}


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("delete_nodes", {"node_ids": [f"n{i}" for i in range(SIZE)]}),
        ("delete_nodes", {"filters": EVERYTHING}),
        ("delete", {"ref_doc_id": "None"}),
        ("clear", {}),
    ],
)
def test_no_path_deletes_another_tenants_nodes(tenants, way, method, arguments):
    acme, globex = tenants
    if way == "sync":
        getattr(acme, method)(**arguments)
    else:
        asyncio.run(getattr(acme, f"a{method}")(**arguments))
    assert acme.get_nodes() == []
    assert len(globex.get_nodes()) == SIZE


def test_adding_a_tenants_node_again_touches_only_its_own(tenants, hash_embedding):
    acme, globex = tenants
    acme.add([TextNode(id_="n1", text="acme changed", embedding=[2.0] * 16)])
    assert [node.get_content() for node in acme.get_nodes(["n1"])] == ["acme changed"]
    assert [node.get_content() for node in globex.get_nodes(["n1"])] == ["globex secret 1"]
    assert len(acme.get_nodes()) == len(globex.get_nodes()) == SIZE


def test_how_rare_a_word_is_depends_on_a_tenants_own_nodes_alone(client, hash_embedding):
    query = VectorStoreQuery(mode=VectorStoreQueryMode.SPARSE, query_str="unicorn", similarity_top_k=1)
    acme = store(client, hash_embedding, tenant="acme", sparse=Bm25())
    acme.add([*nodes(hash_embedding, "acme"), TextNode(text="unicorn", embedding=[1.0] * 16)])
    before = acme.query(query).similarities
    globex = store(client, hash_embedding, tenant="globex", sparse=Bm25())
    globex.add([TextNode(text="unicorn", embedding=[1.0] * 16) for _ in range(50)])
    assert acme.query(query).similarities == pytest.approx(before)


def test_metadata_under_the_tenants_key_is_refused(client, hash_embedding):
    node = TextNode(text="x", metadata={"tenant_id": "globex"}, embedding=[1.0] * 16)
    with pytest.raises(EmbeddingError, match="'tenant_id'.*rename"):
        store(client, hash_embedding, tenant="acme").add([node])
    store(client, hash_embedding, tenant=Tenant("acme", key="customer")).add([node])


def test_a_stock_pipeline_fills_a_tenants_store(client, hash_embedding):
    acme = store(client, hash_embedding, tenant="acme")
    VectorStoreIndex.from_documents(
        [Document(text="acme text", id_="d")],
        storage_context=StorageContext.from_defaults(vector_store=acme),
        embed_model=hash_embedding,
    )
    store(client, hash_embedding, tenant="globex").delete("d")
    assert len(acme.get_nodes()) == 1
    everybody = store(client, hash_embedding)
    assert of(everybody.get_nodes()) == {"acme"}

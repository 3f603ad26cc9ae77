from __future__ import annotations

import asyncio

import pytest
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from qdrant_client import models

from norm_aware import Bm25, NormAwareVectorStore
from norm_aware.errors import ContractError, QueryError

ASK = VectorStoreQuery(similarity_top_k=3, mode=VectorStoreQueryMode.SPARSE, query_str="unicorn")


def store(client, embedding, **options) -> NormAwareVectorStore:
    return NormAwareVectorStore("docs", client=client, embed_model=embedding, **options)


def nodes(embedding) -> list[TextNode]:
    texts = [f"plain text {i}" for i in range(300)] + ["a Unicorn!"]
    return [
        TextNode(id_=f"n{i}", text=t, embedding=embedding.get_text_embedding(t)) for i, t in enumerate(texts)
    ]


@pytest.mark.parametrize("way", ["sync", "async"])
def test_an_existing_collection_gets_its_words_from_the_texts_stored(client, hash_embedding, way):
    store(client, hash_embedding).add(nodes(hash_embedding))
    before = {r.id: r.vector for r in client.scroll("docs", limit=400, with_vectors=True)[0]}
    late = store(client, hash_embedding, sparse=Bm25())
    with pytest.raises(ContractError, match=r"has no sparse vectors.*index_words"):
        late.query(ASK)
    with pytest.raises(ContractError, match="index_words"):
        late.add(nodes(hash_embedding)[:1])
    assert (late.index_words() if way == "sync" else asyncio.run(late.aindex_words())) == 301
    assert late.query(ASK).ids == ["n300"]
    after = {r.id: r.vector[""] for r in client.scroll("docs", limit=400, with_vectors=True)[0]}
    assert after == before
    late.add([TextNode(id_="new", text="unicorn, unicorn", embedding=[1.0] * 16)])
    assert late.query(ASK).ids == ["new", "n300"]


def test_an_indexing_cut_off_leaves_a_collection_that_says_so(client, hash_embedding):
    from norm_aware.llamaindex.words import index_words
    from norm_aware.qdrant.calls import run

    store(client, hash_embedding).add(nodes(hash_embedding))

    def kill(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(client, index_words("docs", Bm25(), progress=kill))
    late = store(client, hash_embedding, sparse=Bm25())
    with pytest.raises(ContractError, match="not of all its points"):
        late.query(ASK)
    late.index_words()
    assert late.query(ASK).ids == ["n300"]


def test_words_made_otherwise_are_refused_until_they_are_made_anew(client, hash_embedding):
    store(client, hash_embedding, sparse=Bm25()).add(nodes(hash_embedding)[:3])
    other = store(client, hash_embedding, sparse=Bm25(language="german"))
    with pytest.raises(ContractError, match=r"language=english.*this is bm25 language=german"):
        other.query(ASK)
    assert other.index_words() == 3
    other.query(ASK)


def test_an_empty_dot_collection_of_the_users_own_gets_words_too(client, hash_embedding):
    client.create_collection(
        "docs", vectors_config=models.VectorParams(size=16, distance=models.Distance.DOT)
    )
    mine = store(client, hash_embedding, sparse=Bm25())
    mine.add(nodes(hash_embedding)[-2:])
    assert mine.query(ASK).ids == ["n300"]


def test_the_words_are_those_of_the_text_that_is_embedded(client, hash_embedding):
    node = TextNode(text="x", metadata={"title": "unicorn", "hidden": "dragon"}, embedding=[1.0] * 16)
    node.excluded_embed_metadata_keys = ["hidden"]
    mine = store(client, hash_embedding, sparse=Bm25())
    mine.add([node])
    assert mine.query(ASK).ids == [node.node_id]
    hidden = VectorStoreQuery(mode=VectorStoreQueryMode.SPARSE, query_str="dragon")
    assert mine.query(hidden).ids == []


def test_a_store_without_sparse_vectors_has_no_words_to_index(client, hash_embedding):
    with pytest.raises(QueryError, match="sparse=Bm25"):
        store(client, hash_embedding).index_words()

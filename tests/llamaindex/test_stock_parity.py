"""Cosine from raw vectors beside LlamaIndex's stock store."""

from __future__ import annotations

import json

import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient

from norm_aware import (
    NormAwareRetriever,
    NormAwareVectorStore,
)


def test_cosine_from_raw_vectors_ranks_as_a_stock_cosine_collection_does(data, encoder):
    corpus = [json.loads(line) for line in (data / "covidqa" / "corpus.jsonl").read_text().splitlines()[:400]]
    questions = [
        json.loads(line) for line in (data / "covidqa" / "queries.jsonl").read_text().splitlines()[:20]
    ]
    vectors = encoder.get_text_embedding_batch([document["text"] for document in corpus])
    nodes = [
        TextNode(text=document["text"], embedding=vector, id_=_uuid(i))
        for i, (document, vector) in enumerate(zip(corpus, vectors, strict=True))
    ]
    client = QdrantClient(":memory:")
    raw = NormAwareVectorStore("raw", client=client, embed_model=encoder)
    raw.add(nodes)
    stock = VectorStoreIndex(
        nodes,
        storage_context=StorageContext.from_defaults(
            vector_store=QdrantVectorStore("stock", client=client, index_doc_id=False)
        ),
        embed_model=encoder,
    ).as_retriever(similarity_top_k=10)
    ours = NormAwareRetriever(
        VectorStoreIndex.from_vector_store(raw, embed_model=encoder), similarity_top_k=10
    )
    for question in questions:
        expected, found = stock.retrieve(question["text"]), ours.retrieve(question["text"])
        assert [n.score for n in found] == pytest.approx([n.score for n in expected], abs=1e-5)
        assert [n.node_id for n in found] == [n.node_id for n in expected]


def _uuid(i: int) -> str:
    return f"00000000-0000-0000-0000-{i:012d}"

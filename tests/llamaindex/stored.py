"""A store of a few texts, which several tests begin with."""

from __future__ import annotations

from llama_index.core.schema import TextNode
from qdrant_client import QdrantClient

from norm_aware import NormAwareVectorStore

TEXTS = [
    f"Text number {i} speaks of {word}." for i, word in enumerate(["rain", "snow", "wind", "hail", "fog"] * 4)
]


def store(client: QdrantClient, embedding, **options: object) -> NormAwareVectorStore:
    return NormAwareVectorStore("docs", client=client, embed_model=embedding, **options)


def nodes(embedding, texts=TEXTS) -> list[TextNode]:
    return [
        TextNode(id_=f"node-{i}", text=text, embedding=embedding.get_text_embedding(text))
        for i, text in enumerate(texts)
    ]

"""One store over real HTTP, driven by the sync client, the async one, or the sync one in threads."""

from __future__ import annotations

import asyncio

import numpy as np
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware import NormAwareVectorStore
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.points import point_id
from norm_aware.qdrant.reliable import reliable
from norm_aware.qdrant.retry import RetryPolicy

QUICK = RetryPolicy(attempts=5, first=0.01, most=0.05)
TEXTS = [f"Text {i} speaks of the weather." for i in range(40)]


class Way:
    """One way to drive a store: `do("add", nodes)` calls `add` or awaits `async_add`."""

    def __init__(self, kind: str, url: str, **options: object) -> None:
        self.kind, self.loop = kind, asyncio.new_event_loop()
        make = AsyncQdrantClient if kind == "async" else QdrantClient
        self.plain = make(url=url, check_compatibility=False, **options)
        self.client = reliable(self.plain, QUICK)

    def store(self, embedding, **options) -> NormAwareVectorStore:
        which = {"aclient" if self.kind == "async" else "client": self.client}
        return NormAwareVectorStore("docs", embed_model=embedding, batch_size=8, **which, **options)

    def do(self, store, name, *arguments, **options):
        if self.kind == "sync":
            return getattr(store, name)(*arguments, **options)
        awaited = {"add": "async_add"}.get(name, f"a{name}")
        return self.loop.run_until_complete(getattr(store, awaited)(*arguments, **options))

    def close(self) -> None:
        closing = self.plain.close()
        if closing is not None:
            self.loop.run_until_complete(closing)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


def nodes(embedding) -> list[TextNode]:
    return [
        TextNode(id_=f"node-{i}", text=text, embedding=embedding.get_text_embedding(text), metadata={"i": i})
        for i, text in enumerate(TEXTS)
    ]


def require_all_stored(server, embedding) -> None:
    """Every point once, its vector and norm exact."""
    records, _ = server.engine.scroll("docs", limit=1000, with_vectors=True)
    assert {r.id for r in records} == {point_id(f"node-{i}") for i in range(len(TEXTS))}
    for record in records:
        vector = np.asarray(embedding.get_text_embedding(TEXTS[record.payload["i"]]), dtype=np.float32)
        assert np.array_equal(np.asarray(record.vector, dtype=np.float32), vector)
        assert record.payload["norm"] == norms(vector)


def asked(embedding, text=TEXTS[7], top_k=3) -> VectorStoreQuery:
    return VectorStoreQuery(embedding.get_query_embedding(text), similarity_top_k=top_k)

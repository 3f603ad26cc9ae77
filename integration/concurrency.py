"""Many retrievals at once, through one store: do all of them complete, and with the answers one gets alone?

    python integration/concurrency.py [--url URL] [--retrievals 1000] [--documents 20000] --out FILE.json

Without a URL the embedded engine in a temporary folder is asked. A collection of vectors drawn at random, 384
numbers each, is made for it and deleted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import QueryBundle, TextNode
from numpy.typing import NDArray
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware import NormAwareRetriever, NormAwareVectorStore
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.server import open_server

COLLECTION = "norm-aware-concurrency"
DIMENSION = 384
TOP_K = 10


def vectors(count: int, *, seed: int) -> NDArray[np.float32]:
    """Directions at random, lengths lognormal with sigma 0.3."""
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(count, DIMENSION))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return (directions * generator.lognormal(1.0, 0.3, size=(count, 1))).astype(np.float32)


async def ask(store: NormAwareVectorStore, queries: Sequence[QueryBundle]) -> dict[str, float | int]:
    """Every query alone, then all at once; errors and answers that differ are counted."""
    index = VectorStoreIndex.from_vector_store(store, embed_model=store.embed_model)
    retriever = NormAwareRetriever(index, similarity_top_k=TOP_K)
    began = time.perf_counter()
    alone = [[node.node_id for node in await retriever.aretrieve(query)] for query in queries]
    one_by_one = time.perf_counter() - began
    began = time.perf_counter()
    found = await asyncio.gather(*map(retriever.aretrieve, queries), return_exceptions=True)
    at_once = time.perf_counter() - began
    errors = [one for one in found if isinstance(one, BaseException)]
    different = sum(
        [node.node_id for node in one] != expected
        for one, expected in zip(found, alone, strict=True)
        if not isinstance(one, BaseException)
    )
    for error in errors[:3]:
        print(f"{type(error).__name__}: {error}")
    return {
        "retrievals": len(queries),
        "errors": len(errors),
        "different_answers": different,
        "seconds_one_by_one": round(one_by_one, 3),
        "seconds_at_once": round(at_once, 3),
    }


def measure(
    client: QdrantClient, aclient: AsyncQdrantClient | None, *, documents: int, retrievals: int
) -> dict[str, float | int]:
    """Fill a collection, ask, and delete it."""
    store = NormAwareVectorStore(
        COLLECTION,
        client=client,
        aclient=aclient,
        embed_model=MockEmbedding(embed_dim=DIMENSION),
        batch_size=512,
    )
    try:
        store.add(
            [
                TextNode(id_=f"node-{i}", text=f"Document {i}.", embedding=vector)
                for i, vector in enumerate(vectors(documents, seed=0).tolist())
            ]
        )
        asked = [
            QueryBundle(f"Query {i}", embedding=v) for i, v in enumerate(vectors(retrievals, seed=1).tolist())
        ]
        return asyncio.run(ask(store, asked))
    finally:
        store.clear()


def main() -> None:
    """Ask the engine named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url")
    parser.add_argument("--retrievals", type=int, default=1000)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sizes = {"documents": given.documents, "retrievals": given.retrievals}
    if given.url:
        client = open_server(given.url)
        aclient = AsyncQdrantClient(url=given.url, timeout=60, check_compatibility=False)
        figures = measure(client, aclient, **sizes)
    else:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(EmbeddedClient(folder), None, **sizes)
    figures["documents"] = given.documents
    told = {"engine": "server" if given.url else "embedded", "machine": platform.platform(), **figures}
    given.out.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()

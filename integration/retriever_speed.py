"""What retrieving costs beside the bare client's call and LlamaIndex's stock retriever; and reranking."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore
from numpy.typing import NDArray

from norm_aware import (
    EmbeddedClient,
    NodeWithNorms,
    NormAwareRerank,
    NormAwareRetriever,
    NormAwareVectorStore,
)
from norm_aware.qdrant.calls import Call
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import search

REPEATS = 200
_TURN = 25


def milliseconds(action: Callable[[int], object], repeats: int = REPEATS) -> float:
    """Median wall time of an action that is given the number of its repeat."""
    for i in range(repeats):  # once before, so that nobody pays for reading vectors from the disk
        action(i)
    times = []
    for i in range(repeats):
        started = time.perf_counter()
        action(i)
        times.append(time.perf_counter() - started)
    return 1000 * float(np.median(times))


def turns(repeats: int, **actions: Callable[[int], object]) -> dict[str, float]:
    """Median wall times of actions in turns, so that what else the machine does falls on all alike.

    Everything is done once before, so that no one pays for reading vectors from the disk.
    """
    for action in actions.values():
        for i in range(repeats):
            action(i)
    times: dict[str, list[float]] = {name: [] for name in actions}
    for start in range(0, repeats, _TURN):
        for name, action in actions.items():
            action(start)  # what ran before has the processor's caches
            for i in range(start, min(start + _TURN, repeats)):
                started = time.perf_counter()
                action(i)
                times[name].append(time.perf_counter() - started)
    return {name: 1000 * float(np.median(values)) for name, values in times.items()}


def retrievers(vectors: NDArray[np.float32], folder: Path) -> dict[str, Any]:
    """The retriever against the bare client with the same request, and against the stock retriever."""
    client = EmbeddedClient(folder)
    embedding = MockEmbedding(embed_dim=vectors.shape[1])
    nodes: list[BaseNode] = [
        TextNode(
            id_=str(uuid.UUID(int=i)), text=f"passage {i} " * 20, embedding=row, metadata={"group": i % 50}
        )
        for i, row in enumerate(vectors.tolist())
    ]
    stock_store = QdrantVectorStore("stock", client=client)
    stores = {"raw": NormAwareVectorStore("raw", client=client, embed_model=embedding)}
    stores["cosine"] = NormAwareVectorStore("cosine", client=client, embed_model=embedding, stored_power=0.0)
    for store in (stock_store, *stores.values()):
        for start in range(0, len(nodes), 1000):
            store.add(nodes[start : start + 1000])
        client.optimize(store.collection_name)
    del nodes  # a garbage collector that walks them is no part of a retrieval
    stock = over(stock_store, embedding).as_retriever(similarity_top_k=10)
    bundles = [QueryBundle("?", embedding=row) for row in vectors[:REPEATS].tolist()]
    rows: dict[str, dict[str, float]] = {}
    for name, collection, similarity in [
        ("cosine, stored as it is searched", "cosine", "cosine"),
        ("dot", "raw", "dot"),
        ("cosine, from raw vectors", "raw", "cosine"),
    ]:
        store = stores[collection]
        ours = NormAwareRetriever(over(store, embedding), similarity=similarity, similarity_top_k=10)
        ours.retrieve(bundles[0])
        calls = [bare(store, row, similarity) for row in vectors[:REPEATS]]
        actions: dict[str, Callable[[int], object]] = {
            "ours": partial(ask, ours, bundles),
            "client": partial(send, client, calls),
            "stock": partial(ask, stock, bundles),
        }
        p50 = turns(len(bundles), **actions)
        rows[name] = {
            **{f"{who}_ms": value for who, value in p50.items()},
            "over_client": p50["ours"] / p50["client"],
            "over_stock": p50["ours"] / p50["stock"],
        }
    client.close()
    first = rows["cosine, stored as it is searched"]
    return {
        "retriever_over_client": first["over_client"],
        "retriever_over_stock": first["over_stock"],
        "retrievers": rows,
    }


def ask(retriever: BaseRetriever, bundles: list[QueryBundle], i: int) -> None:
    """Retrieve for one query."""
    retriever.retrieve(bundles[i])


def send(client: EmbeddedClient, calls: list[Call], i: int) -> None:
    """Send one request and nothing more."""
    getattr(client, calls[i].method)(**calls[i].arguments)


def over(store: Any, embedding: MockEmbedding) -> VectorStoreIndex:
    """An index over a store that holds everything already."""
    return VectorStoreIndex.from_vector_store(store, embed_model=embedding)


def bare(store: NormAwareVectorStore, query: NDArray[np.float32], similarity: str) -> Call:
    """The request that a retrieval sends."""
    contract = store._contract
    if contract is None:
        raise SystemExit("the store was not read")
    return next(
        search(store.collection_name, query, limit=10, contract=contract, options=SearchOptions(similarity))
    )


def rerank_ms() -> float:
    """Reranking 1,000 nodes to ten."""
    generator = np.random.default_rng(0)
    nodes: list[NodeWithScore] = [
        NodeWithNorms(
            node=TextNode(id_=str(i), text="passage " * 60),
            score=1.0,
            dot=float(generator.normal()),
            query_norm=1.0,
            document_norm=float(generator.lognormal()),
        )
        for i in range(1000)
    ]
    rerank = NormAwareRerank(similarity="cosine", top_n=10)
    return milliseconds(lambda _: rerank.postprocess_nodes(nodes, QueryBundle("?")))

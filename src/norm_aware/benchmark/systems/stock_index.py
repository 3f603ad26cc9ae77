"""The index of the stock system: every system's embeddings as LlamaIndex's own store keeps them."""

from __future__ import annotations

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import BaseNode, TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore

from norm_aware.benchmark.systems.index import COLLECTION, in_batches
from norm_aware.llamaindex.points import point_id
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress
from norm_aware.qdrant.storage import one_index

_NAME = f"{COLLECTION}-stock"


def open_stock_index(raw: NormAwareVectorStore, *, documents: int, progress: Progress) -> VectorStoreIndex:
    """The same documents in LlamaIndex's `QdrantVectorStore` as it comes, built unless it is complete.

    Its nodes are known by the point ids of the documents, since it takes UUIDs alone.

    Args:
        raw: store of the run's raw vectors.
        documents: how many there are.
        progress: told of documents stored.
    """
    client = raw.client
    if client.collection_exists(_NAME) and client.count(_NAME).count != documents:
        client.delete_collection(_NAME)  # what a killed run left
    store = QdrantVectorStore(_NAME, client=client)
    if not client.collection_exists(_NAME):
        nodes = raw.get_nodes(limit=documents)
        with one_index(client, _NAME):
            in_batches(
                nodes,
                lambda batch: store.add([_stock_node(node) for node in batch]),
                stage="Storing as LlamaIndex does",
                progress=progress,
            )
    return VectorStoreIndex.from_vector_store(store, embed_model=raw.embed_model)


def _stock_node(node: BaseNode) -> TextNode:
    return TextNode(id_=point_id(node.node_id), text=node.get_content(), embedding=node.embedding)

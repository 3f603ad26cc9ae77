"""The index that every system of a run searches, built once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from qdrant_client import QdrantClient

from norm_aware.benchmark.datasets.dataset import Dataset, Document
from norm_aware.llamaindex.embedding import RawEmbedding
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress
from norm_aware.qdrant.storage import one_index, open_storage

COLLECTION = "benchmark"
"""Qdrant collection that all systems of a run search."""

_BATCH = 512  # documents embedded and stored between two steps of the progress bar


def open_index(
    dataset: Dataset,
    embedding: RawEmbedding,
    folder: Path,
    *,
    progress: Progress,
    allow_normalized: bool = False,
) -> tuple[VectorStoreIndex, QdrantClient]:
    """The index of a dataset's documents in embedded storage, built unless it is complete already.

    Args:
        dataset: what to index.
        embedding: the encoder under test.
        folder: where the storage lies.
        progress: told of documents stored.
        allow_normalized: take embeddings that all have length 1.

    Returns:
        The index, and the client to close when done.

    Raises:
        CollectionError: when another process has the storage open.
    """
    client = open_storage(folder)
    if client.collection_exists(COLLECTION):
        if client.count(COLLECTION).count == len(dataset.documents):
            store = NormAwareVectorStore(
                COLLECTION, client=client, embed_model=embedding, allow_normalized=allow_normalized
            )
            return VectorStoreIndex.from_vector_store(store, embed_model=embedding), client
        client.delete_collection(COLLECTION)  # what a killed run left
    store = NormAwareVectorStore(
        COLLECTION, client=client, embed_model=embedding, allow_normalized=allow_normalized
    )
    with one_index(client, COLLECTION):
        store_documents(dataset.documents, store, embedding, progress=progress)
    return VectorStoreIndex.from_vector_store(store, embed_model=embedding), client


def store_documents(
    documents: Sequence[Document], store: NormAwareVectorStore, embedding: RawEmbedding, *, progress: Progress
) -> None:
    """Embed documents and store them under their own ids, batch by batch.

    Raises:
        EmbeddingError: for what the store refuses; batches before it are kept.
    """
    total = len(documents)
    for start in range(0, total, _BATCH):
        progress("Embedding documents", start, total)
        store.add(_nodes(documents[start : start + _BATCH], embedding))
    progress("Embedding documents", total, total)


def _nodes(documents: Sequence[Document], embedding: RawEmbedding) -> list[TextNode]:
    vectors = embedding.get_text_embedding_batch([document.content for document in documents])
    return [
        TextNode(id_=document.id, text=document.content, embedding=vector)
        for document, vector in zip(documents, vectors, strict=True)
    ]

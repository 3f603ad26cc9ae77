"""The index that every system of a run searches, built once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

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

_BATCH = 512  # documents stored between two steps of the progress bar
_T = TypeVar("_T")


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
    exists = client.collection_exists(COLLECTION)
    complete = exists and client.count(COLLECTION).count == len(dataset.documents)
    if exists and not complete:
        client.delete_collection(COLLECTION)  # what a killed run left
    store = NormAwareVectorStore(
        COLLECTION, client=client, embed_model=embedding, allow_normalized=allow_normalized
    )
    if not complete:
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
    in_batches(
        documents,
        lambda batch: store.add(_nodes(batch, embedding)),
        stage="Embedding documents",
        progress=progress,
    )


def in_batches(
    items: Sequence[_T], keep: Callable[[Sequence[_T]], object], *, stage: str, progress: Progress
) -> None:
    """Hand items over part by part, so that a bar moves and memory stays bounded.

    Args:
        items: all of them.
        keep: takes a part.
        stage: what the bar says.
        progress: told before each part, and at the end.
    """
    for start in range(0, len(items), _BATCH):
        progress(stage, start, len(items))
        keep(items[start : start + _BATCH])
    progress(stage, len(items), len(items))


def _nodes(documents: Sequence[Document], embedding: RawEmbedding) -> list[TextNode]:
    vectors = embedding.get_text_embedding_batch([document.content for document in documents])
    return [
        TextNode(id_=document.id, text=document.content, embedding=vector)
        for document, vector in zip(documents, vectors, strict=True)
    ]

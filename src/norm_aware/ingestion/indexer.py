"""Embeds and uploads windows of documents, and leaves alone what the collection holds already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from types import TracebackType

import numpy as np
from llama_index.core.schema import BaseNode, MetadataMode
from qdrant_client import QdrantClient

from norm_aware.errors import QueryError
from norm_aware.ingestion.files import PART, PARTS, part_ids
from norm_aware.ingestion.options import IndexOptions
from norm_aware.ingestion.skipped import NOT_FINITE, Skipped
from norm_aware.llamaindex.points import content_hash, point_id
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.stored import delete_other_parts, stored_hashes


@dataclass
class Outcome:
    """What became of a window's documents.

    Attributes:
        new: ids stored for the first time, each acknowledged by Qdrant.
        replaced: ids stored before with another text or metadata, acknowledged likewise.
        unchanged: ids that were stored already, and not embedded.
        skipped: those whose embedding has a number that is not finite.
    """

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.new) + len(self.replaced) + len(self.unchanged) + len(self.skipped)


class Indexer:
    """Puts documents into a store, a window at a time.

    Embedding and uploading go on side by side: the thread that calls embeds, others upload. When these fall
    behind, embedding waits, and `index` returns once everything is acknowledged.

    Args:
        store: where the documents go.
        options: sizes and connections.

    Raises:
        QueryError: when the store has only an async client.
    """

    def __init__(self, store: NormAwareVectorStore, options: IndexOptions) -> None:
        if store.client is None:
            raise QueryError("The store has only an async client; pass client=… for bulk indexing.")
        self._store = store
        self._client: QdrantClient = store.client
        self._size = options.upload_size
        # one process with one file on disk gains nothing from a second thread
        uploaders = options.uploaders if _is_server(self._client) else 1
        self._pool = ThreadPoolExecutor(uploaders, thread_name_prefix="norm-aware-upload")
        self._room = BoundedSemaphore(2 * uploaders)

    def index(
        self, nodes: Sequence[BaseNode], *, progress: Callable[[int], None] = lambda _: None
    ) -> Outcome:
        """Store the documents that are new or changed.

        Args:
            nodes: at most a window of them, of different ids.
            progress: told how many are done, now and then.

        Raises:
            EmbeddingError: when all embeddings of an upload have length 1.
            NormAwareError: for whatever else the store refuses or Qdrant does not do. What was acknowledged
                before stays, and the next run finds it.
        """
        ids = {node.node_id: point_id(node.node_id) for node in nodes}
        stored = run(self._client, stored_hashes(self._store.collection_name, list(ids.values())))
        outcome, wanted = Outcome(), []
        for node in nodes:
            if stored.get(ids[node.node_id]) == content_hash(node):
                outcome.unchanged.append(node.node_id)
            else:
                wanted.append(node)
        # long ones first: what does not fit into memory shows at once
        wanted.sort(key=lambda node: (-len(node.get_content(MetadataMode.EMBED)), node.node_id))
        uploads: list[Future[list[str]]] = []
        try:
            for start in range(0, len(wanted), self._size):
                progress(len(outcome.unchanged) + _acknowledged(uploads))
                uploads.append(self._upload(self._embed(wanted[start : start + self._size], outcome)))
        finally:
            written = [name for upload in uploads for name in upload.result()]
        for name in written:
            (outcome.replaced if ids[name] in stored else outcome.new).append(name)
        self._tidy([node for node in wanted if node.metadata.get(PART) == 0])
        return outcome

    def _embed(self, nodes: list[BaseNode], outcome: Outcome) -> list[BaseNode]:
        """The nodes with their embeddings, but for those that have none to speak of."""
        texts = [node.get_content(MetadataMode.EMBED) for node in nodes]
        embedded = []
        rows = self._store.embed_model.get_text_embedding_batch(texts)
        for node, row in zip(nodes, rows, strict=True):
            if np.isfinite(row).all():
                embedded.append(node.model_copy(update={"embedding": row}))
            else:
                detail = "its embedding has NaN or infinite numbers"
                outcome.skipped.append(Skipped(node.node_id, NOT_FINITE, detail, id=node.node_id))
        return embedded

    def _upload(self, nodes: list[BaseNode]) -> Future[list[str]]:
        self._room.acquire()
        upload = self._pool.submit(self._store.add, nodes)
        upload.add_done_callback(lambda _: self._room.release())
        return upload

    def _tidy(self, first_parts: list[BaseNode]) -> None:
        """Delete what is left of longer versions of changed files."""
        files = [node.ref_doc_id for node in first_parts if node.ref_doc_id and PARTS in node.metadata]
        if files:
            ids = [
                point_id(name)
                for node in first_parts
                if node.ref_doc_id
                for name in part_ids(node.ref_doc_id, node.metadata[PARTS])
            ]
            run(self._client, delete_other_parts(self._store.collection_name, files=files, ids=ids))

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()

    def __enter__(self) -> Indexer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _acknowledged(uploads: list[Future[list[str]]]) -> int:
    """Documents stored so far; raises what an upload raised, so that nothing more is embedded for it."""
    return sum(len(upload.result()) for upload in uploads if upload.done())


def _is_server(client: QdrantClient) -> bool:
    return type(getattr(client, "_client", None)).__name__ == "QdrantRemote"

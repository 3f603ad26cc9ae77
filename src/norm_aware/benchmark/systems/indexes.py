"""The indexes that the systems of a run search, each opened when a system first asks for it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import point_id
from norm_aware.progress import Progress

if TYPE_CHECKING:  # seconds of imports, once there is something to search
    from llama_index.core import VectorStoreIndex
    from qdrant_client import QdrantClient

    from norm_aware.llamaindex.store import NormAwareVectorStore


class Indexes:
    """One set of embeddings, indexed in every way that a run's systems search.

    Nothing is opened, embedded or loaded before it is asked for: a run whose rows are all there needs none.

    Args:
        dataset: what is indexed.
        encoder: the encoder under test.
        folder: where the storage lies.
        progress: told of documents embedded and stored.
        allow_normalized: take embeddings that all have length 1.
    """

    def __init__(
        self,
        dataset: Dataset,
        encoder: Encoder,
        folder: Path,
        *,
        progress: Progress,
        allow_normalized: bool = False,
    ) -> None:
        self.dataset = dataset
        self.encoder = encoder
        self._folder = folder
        self._progress = progress
        self._allow_normalized = allow_normalized
        self._client: QdrantClient | None = None

    @cached_property
    def raw(self) -> VectorStoreIndex:
        """Raw vectors under Dot."""
        from norm_aware.benchmark.systems.index import open_index

        index, self._client = open_index(
            self.dataset,
            self.encoder.embedding,
            self._folder,
            progress=self._progress,
            allow_normalized=self._allow_normalized,
        )
        return index

    @cached_property
    def words(self) -> VectorStoreIndex:
        """Raw vectors under Dot with BM25's sparse vectors beside them.

        Raises:
            MissingExtraError: when Qdrant's tokenizer is not installed.
        """
        from norm_aware.benchmark.systems.words_index import open_words_index

        return open_words_index(self._store, progress=self._progress, allow_normalized=self._allow_normalized)

    @cached_property
    def stock(self) -> VectorStoreIndex:
        """The same vectors as LlamaIndex's own store keeps them, under Cosine."""
        from norm_aware.benchmark.systems.stock_index import open_stock_index

        return open_stock_index(self._store, documents=len(self.dataset.documents), progress=self._progress)

    def calibrated(self, calibration: Calibration) -> VectorStoreIndex:
        """The same vectors, stored by a calibration."""
        from norm_aware.benchmark.systems.calibrated_index import open_calibrated_index

        return open_calibrated_index(
            self._store, calibration, documents=len(self.dataset.documents), progress=self._progress
        )

    def norms(self) -> dict[str, float]:
        """Length of every document's raw embedding, by document id."""
        from norm_aware.benchmark.systems.index import COLLECTION
        from norm_aware.qdrant.field import NORM

        client = self._store.client
        records, _ = client.scroll(COLLECTION, limit=len(self.dataset.documents), with_payload=[NORM])
        by_point = {str(record.id): float((record.payload or {})[NORM]) for record in records}
        return {document.id: by_point[point_id(document.id)] for document in self.dataset.documents}

    def close(self) -> None:
        """Close the storage, if it was opened."""
        if self._client is not None:
            self._client.close()

    @property
    def _store(self) -> NormAwareVectorStore:
        return cast("NormAwareVectorStore", self.raw.vector_store)

"""The index of a calibrated system: every system's embeddings, stored by its calibration."""

from __future__ import annotations

from llama_index.core import VectorStoreIndex

from norm_aware.benchmark.systems.index import COLLECTION, in_batches
from norm_aware.calibration.calibration import Calibration
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress


def open_calibrated_index(
    raw: NormAwareVectorStore, calibration: Calibration, *, documents: int, progress: Progress
) -> VectorStoreIndex:
    """The index of the same documents under a calibration, built from the raw one unless it is complete.

    Args:
        raw: store of the run's raw vectors.
        calibration: what to store by; one that is cosine searches the raw vectors.
        documents: how many there are.
        progress: told of documents stored.

    Raises:
        CalibrationError: when the calibration was made for another encoder.
    """
    encoder = raw.embed_model
    if calibration.is_cosine:
        chosen = raw.with_calibration(calibration)  # whatever the encoder was trained by
        return VectorStoreIndex.from_vector_store(chosen, embed_model=encoder)
    name = f"{COLLECTION}-{calibration.digest}"
    store = NormAwareVectorStore(
        name, client=raw.client, embed_model=encoder, calibration=calibration, allow_normalized=True
    )
    complete = raw.client.collection_exists(name) and raw.client.count(name).count == documents
    if not complete:
        nodes = raw.get_nodes(limit=documents)
        in_batches(nodes, store.add, stage="Storing by calibration", progress=progress)
    return VectorStoreIndex.from_vector_store(store, embed_model=encoder)

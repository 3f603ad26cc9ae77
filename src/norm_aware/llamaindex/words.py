"""The sparse vectors of nodes: of the text that is embedded too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.utils import metadata_dict_to_node
from qdrant_client import models

from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import open_collection
from norm_aware.qdrant.sparse import SPARSE, add_sparse, record_sparse

_BATCH = 256


def words_of(nodes: Sequence[BaseNode], bm25: Bm25) -> list[dict[str, models.SparseVector]]:
    """The sparse vector of each node, by its name."""
    texts = [node.get_content(MetadataMode.EMBED) for node in nodes]
    return [{SPARSE: vector} for vector in bm25.documents(texts)]


def text_of(payload: dict[str, Any]) -> str:
    """What was embedded of a point's node; nothing of a point that another tool stored."""
    if "_node_content" not in payload:
        return ""
    return metadata_dict_to_node(payload).get_content(MetadataMode.EMBED)


def index_words(
    collection: str, bm25: Bm25, *, vector_name: str = "", progress: Callable[[int, int], None] | None = None
) -> Steps[int]:
    """Give every point of an existing collection its sparse vector, from the text stored with it.

    The collection says that it has them once all have; a run that was cut off is simply started again.

    Args:
        collection: its name.
        bm25: makes the vectors.
        vector_name: of a dense vector whose contract is there.
        progress: called with points done and points in all, after each batch.

    Returns:
        Steps that end in the number of points written.

    Raises:
        CollectionError: as `open_collection`.
        ContractError: when this Qdrant cannot add a vector.
    """
    _, total = yield from open_collection(collection, vector_name=vector_name)
    yield from add_sparse(collection)
    written = 0
    offset: Any = None
    while True:
        records, offset = yield call(
            "scroll", collection_name=collection, limit=_BATCH, offset=offset, with_payload=True
        )
        vectors = bm25.documents([text_of(record.payload or {}) for record in records])
        points = [
            models.PointVectors(id=record.id, vector={SPARSE: vector})
            for record, vector in zip(records, vectors, strict=True)
        ]
        if points:
            yield call("update_vectors", collection_name=collection, points=points)
        written += len(points)
        if progress is not None:
            progress(written, max(written, total))
        if offset is None:
            break
    yield from record_sparse(collection, bm25)
    return written

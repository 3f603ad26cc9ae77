"""From LlamaIndex nodes to Qdrant points: raw vector, the node's payload, and the norm beside it."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.utils import node_to_metadata_dict
from qdrant_client import models

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import point_id
from norm_aware.errors import EmbeddingError
from norm_aware.geometry.norms import require_embeddings, require_unnormalized
from norm_aware.llamaindex.embedding import why_normalized
from norm_aware.qdrant.calibrated import RESERVED, store_calibrated, store_raw
from norm_aware.qdrant.collection import HASH, Contract

__all__ = ["content_hash", "point_id", "point_ids", "to_points"]

_HASH_LENGTH = 32  # hexadecimal digits of 64: 128 bits, in which no two of any corpus agree


def to_points(
    nodes: Sequence[BaseNode],
    *,
    contract: Contract | None,
    embed_model: BaseEmbedding,
    allow_normalized: bool = False,
    calibration: Calibration | None = None,
    stored_power: float = 1.0,
) -> list[models.PointStruct]:
    """Points for embedded nodes, after every check that could refuse one of them.

    Args:
        nodes: nodes with embeddings, at least one.
        contract: of the collection they go to; None where it is yet to be created.
        embed_model: what embedded them, for the error's advice.
        allow_normalized: take embeddings that all have length 1.
        calibration: what they are stored by; None stores them raw.
        stored_power: of a collection yet to be created; an existing one's contract says it.

    Raises:
        DimensionError: when an embedding has another dimension than the collection or the first node.
        NormalizedEmbeddingError: when all embeddings have length 1.
        EmbeddingError: for NaN or infinite numbers, or metadata under the norm's name.
    """
    names = [f"Document {node.ref_doc_id or node.node_id} (node {node.node_id})" for node in nodes]
    for name, node in zip(names, nodes, strict=True):
        if node.embedding is None:
            raise EmbeddingError(f"{name} has no embedding; embed it before it is added.")
    matrix = require_embeddings(
        [node.get_embedding() for node in nodes],
        names=names,
        dimension=contract.dimension if contract else None,
    )
    # one vector of length 1 added later may be chance; the first ones or a whole batch are not
    if not allow_normalized and (contract is None or len(matrix) > 1):
        require_unnormalized(matrix, reason=why_normalized(embed_model))
    for name, node in zip(names, nodes, strict=True):
        if taken := RESERVED & node.metadata.keys():
            raise EmbeddingError(
                f"{name} has metadata named {min(taken)!r}, a name the payload needs for the embedding; "
                "rename that metadata key."
            )
    ids = [point_id(node.node_id) for node in nodes]
    power = stored_power if contract is None else contract.stored_power
    stored = (
        store_raw(matrix, power) if calibration is None else store_calibrated(matrix, calibration, ids=ids)
    )
    return [
        models.PointStruct(
            id=name,
            vector=vector,
            payload={
                **node_to_metadata_dict(node, remove_text=False, flat_metadata=False),
                HASH: content_hash(node),
                **payload,
            },
        )
        for name, node, (vector, payload) in zip(ids, nodes, stored, strict=True)
    ]


def content_hash(node: BaseNode) -> str:
    """Hash of a node's text and metadata, as its point's payload holds it."""
    return node.hash[:_HASH_LENGTH]


def point_ids(node_ids: list[str] | None) -> list[str] | None:
    """The Qdrant point ids of nodes, None for None."""
    return None if node_ids is None else [point_id(node_id) for node_id in node_ids]

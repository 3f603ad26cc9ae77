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
from norm_aware.llamaindex.words import words_of
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calibrated import store_calibrated, store_raw
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.field import HASH, UNNAMED, Field
from norm_aware.qdrant.tenant import Tenant

__all__ = ["content_hash", "point_id", "point_ids", "to_points"]

_HASH_LENGTH = 32  # hexadecimal digits of 64: 128 bits, in which no two of any corpus agree


def to_points(
    nodes: Sequence[BaseNode],
    *,
    contract: Contract | None,
    embed_model: BaseEmbedding,
    allow_normalized: bool = False,
    calibration: Calibration | None = None,
    field: Field = UNNAMED,
    sparse: Bm25 | None = None,
    tenant: Tenant | None = None,
    stored_power: float = 1.0,
) -> list[models.PointStruct]:
    """Points for embedded nodes, after every check that could refuse one of them.

    Args:
        nodes: nodes with embeddings, at least one.
        contract: of the collection they go to; None where it is yet to be created.
        embed_model: what embedded them, for the error's advice.
        allow_normalized: take embeddings that all have length 1.
        calibration: what they are stored by; None stores them raw.
        field: the vector they are stored as.
        sparse: makes a sparse vector of each node's text beside it; None stores none.
        tenant: whose they are.
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
    reserved = field.keys.union({HASH}, *(other.keys for other in contract.others) if contract else ())
    reserved |= {tenant.key} if tenant else frozenset()
    for name, node in zip(names, nodes, strict=True):
        if taken := reserved & node.metadata.keys():
            raise EmbeddingError(
                f"{name} has metadata named {min(taken)!r}, a name the payload needs for the embedding or "
                "the tenant; rename that metadata key."
            )
    ids = point_ids([node.node_id for node in nodes], tenant=tenant)
    power = stored_power if contract is None else contract.stored_power
    if calibration is None:
        stored = store_raw(matrix, power, field=field)
    else:
        stored = store_calibrated(matrix, calibration, ids=ids, field=field)
    words = [{}] * len(nodes) if sparse is None else words_of(nodes, sparse)
    own = {tenant.key: tenant.name} if tenant else {}
    return [
        models.PointStruct(
            id=name,
            vector=field.put(vector, further),
            payload={
                **node_to_metadata_dict(node, remove_text=False, flat_metadata=False),
                HASH: content_hash(node),
                **payload,
                **own,
            },
        )
        for name, node, (vector, payload), further in zip(ids, nodes, stored, words, strict=True)
    ]


def content_hash(node: BaseNode) -> str:
    """Hash of a node's text and metadata, as its point's payload holds it."""
    return node.hash[:_HASH_LENGTH]


def point_ids(node_ids: Sequence[str], *, tenant: Tenant | None = None) -> list[str]:
    """The Qdrant point ids of nodes."""
    return [tenant.point_id(name) if tenant else point_id(name) for name in node_ids]

"""Writes points so that adding one vector of a point never takes another away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qdrant_client import models

from norm_aware.errors import ContractError
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract, create_norm_index


def write_points(collection: str, points: Sequence[models.PointStruct], contract: Contract) -> Steps[None]:
    """Store points; where the collection has further dense vectors, a point that is there keeps its own.

    Args:
        collection: name of the collection.
        points: with the contract's vector, and the sparse one where there is one.
        contract: of the vector they bring.
    """
    there: dict[str, dict[str, Any]] = {}
    if contract.others and points:
        ids = [point.id for point in points]
        records = yield call("retrieve", collection_name=collection, ids=ids, with_payload=True)
        there = {str(record.id): record.payload or {} for record in records}
    new = [point for point in points if str(point.id) not in there]
    if new:
        yield call("upsert", collection_name=collection, points=new)
    held = [point for point in points if str(point.id) in there]
    if not held:
        return
    kept = frozenset().union(*(other.keys for other in contract.others))
    changes: list[models.UpdateOperation] = [
        models.UpdateVectorsOperation(
            update_vectors=models.UpdateVectors(
                points=[models.PointVectors(id=point.id, vector=point.vector) for point in held]
            )
        )
    ]
    for point in held:
        payload = point.payload or {}
        stale = [f'"{key}"' for key in there[str(point.id)] if key not in payload and key not in kept]
        if stale:
            gone = models.DeletePayload(keys=stale, points=[point.id])
            changes.append(models.DeletePayloadOperation(delete_payload=gone))
        mine = models.SetPayload(payload=payload, points=[point.id])
        changes.append(models.SetPayloadOperation(set_payload=mine))
    yield call("batch_update_points", collection_name=collection, update_operations=changes)


def add_vector(collection: str, contract: Contract, *, payload_index: bool) -> Steps[None]:
    """Give an existing collection a further dense vector, with its contract.

    Raises:
        ContractError: when this qdrant-client cannot.
    """
    dense = models.DenseVectorConfig(size=contract.dimension, distance=models.Distance.DOT)
    try:
        yield call(
            "create_vector_name",
            collection_name=collection,
            vector_name=contract.field.name,
            vector_name_config=models.DenseVectorNameConfig(dense=dense),
        )
    except (AttributeError, NotImplementedError) as error:
        raise ContractError(
            f"Collection {collection!r} has no vector {contract.field.name!r} and this Qdrant cannot add "
            "one; create the collection with all its vectors under Dot, or upgrade Qdrant and qdrant-client."
        ) from error
    yield call("update_collection", collection_name=collection, metadata=contract.to_metadata())
    if payload_index:
        yield from create_norm_index(collection, contract.field)

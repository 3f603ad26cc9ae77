"""Rewrites every point of a collection in place, so that a run that was cut off can go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.geometry.norms import require_embeddings
from norm_aware.qdrant.calibrated import Stored, raw_vector
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract, read_batch
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.field import Field

Store: TypeAlias = Callable[[NDArray[np.float32], Sequence[str]], list[Stored]]
"""How raw embeddings are stored, given the ids of their points."""

Mark: TypeAlias = tuple[str, str | None]
"""Payload key and value by which points say how they are stored; None stands for a point without the key."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told points done and points in all."""

_BATCH = 256


def rewrite(
    collection: str,
    *,
    begun: Contract,
    ended: Contract,
    store: Store,
    mark: Mark,
    settled: bool,
    total: int,
    progress: Progress | None,
) -> Steps[int]:
    """Store every point anew from its raw embedding, each replaced at once with all it has.

    Nothing is done where the contract is as it would be in the end and no point is stored otherwise.

    Args:
        collection: name of the collection.
        begun: the contract while points are of two kinds.
        ended: the contract once they are of one; its edges are placed anew.
        store: the new way of storing.
        mark: of points that are stored so already, and are left.
        settled: whether the contract is as it would be in the end.
        total: points there are, for `progress`.
        progress: told after each batch.

    Returns:
        Steps that end in the number of points rewritten.

    Raises:
        EmbeddingError: when a stored vector holds NaN or infinite numbers.
    """
    others = yield call("count", collection_name=collection, count_filter=strays(mark, begun.field))
    if settled and not others.count:
        return 0
    yield call("update_collection", collection_name=collection, metadata=begun.to_metadata())
    key, value = mark
    done = written = 0
    offset: models.ExtendedPointId | None = None
    while True:
        records, offset = yield from read_batch(collection, offset, size=_BATCH)
        records = [record for record in records if begun.field.of(record.vector) is not None]
        pending = [record for record in records if (record.payload or {}).get(key) != value]
        if pending:
            points = _rewritten(pending, begun, store)
            yield call("upsert", collection_name=collection, points=points)
        written += len(pending)
        done += len(records)
        if progress is not None:
            progress(done, total)
        if offset is None:
            break
    placed = yield from refresh_edges(collection, dataclasses.replace(begun, edges_count=0))
    ended = dataclasses.replace(ended, norm_edges=placed.norm_edges, edges_count=placed.edges_count)
    yield call("update_collection", collection_name=collection, metadata=ended.to_metadata())
    return written


def strays(mark: Mark, field: Field) -> models.Filter:
    """Points with a vector that is stored otherwise than a mark says."""
    key, value = mark
    absent = models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
    if value is None:
        return models.Filter(must_not=[absent])
    equal = models.FieldCondition(key=key, match=models.MatchValue(value=value))
    return models.Filter(must=[field.present], must_not=[equal])


def _rewritten(records: list[models.Record], contract: Contract, store: Store) -> list[models.PointStruct]:
    field, ids = contract.field, [str(record.id) for record in records]
    raw = require_embeddings(
        [raw_vector(_vector(record, field), record.payload or {}, field).tolist() for record in records],
        names=[f"Point {name}" for name in ids],
        dimension=contract.dimension,
    )
    return [
        models.PointStruct(
            id=record.id,
            vector=field.put(vector, record.vector),
            payload={**_kept(record.payload or {}, field), **payload},
        )
        for record, (vector, payload) in zip(records, store(raw, ids), strict=True)
    ]


def _vector(record: models.Record, field: Field) -> list[float]:
    return np.asarray(field.of(record.vector), dtype=np.float32).tolist()  # type: ignore[no-any-return]


def _kept(payload: dict[str, Any], field: Field) -> dict[str, Any]:
    """A payload without what the way of storing put there."""
    return {key: value for key, value in payload.items() if key not in {field.norm, *field.storing}}

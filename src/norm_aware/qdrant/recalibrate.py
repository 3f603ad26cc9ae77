"""Rewrites a collection in place by a calibration, from the raw vectors it holds, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from qdrant_client import models

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import ContractError
from norm_aware.geometry.norms import require_embeddings
from norm_aware.qdrant.calibrated import Stored, raw_vector, store_calibrated, store_raw
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract, open_collection, read_batch, refresh_edges, require_encoder
from norm_aware.qdrant.field import Field

_BATCH = 256


def recalibrate(
    collection: str,
    calibration: Calibration | None,
    *,
    vector_name: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Steps[int]:
    """Store every point by a calibration, or raw again.

    Each point is replaced at once, vector and payload, with the further vectors it has, and its raw vector
    stays in its payload to the bit. A run that was cut off leaves the collection marked, so that nobody
    searches it, and is simply started again. Another calibration may follow at any time; it starts from the
    raw vectors too. Nothing else should write to the collection meanwhile; a store opened before notices
    within a minute, on its own.

    Args:
        collection: name of a collection that norm-aware made or filled back.
        calibration: what to store by; None, or one that is cosine, brings the raw vectors back.
        vector_name: of the dense vector that is rewritten; empty for the unnamed one.
        progress: called with points done and points in all, after each batch.

    Returns:
        Steps that end in the number of points rewritten.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        DistanceError: when it is not under Dot.
        ContractError: when its encoder was never recorded or is another than the calibration's.
        EmbeddingError: when a stored vector holds NaN or infinite numbers; what was rewritten until then
            is undone by `calibration=None`.
    """
    contract, total = yield from open_collection(collection, vector_name=vector_name)
    if calibration is not None:
        if contract.fingerprint is None or contract.encoder is None:
            raise ContractError(
                f"Collection {collection!r} does not say which encoder made its vectors; "
                f"`norm-aware backfill --collection {collection} --encoder ENCODER` records it."
            )
        require_encoder(
            contract,
            encoder=calibration.encoder,
            fingerprint=calibration.fingerprint or contract.fingerprint,
            collection=collection,
        )
        calibration.require_encoder((contract.encoder, contract.fingerprint), dimension=contract.dimension)
        calibration = None if calibration.is_cosine else calibration
    target = None if calibration is None else calibration.digest
    strays = yield call("count", collection_name=collection, count_filter=_strays(target, contract.field))
    if contract.calibration == target and not contract.rewriting and not strays.count:
        return 0
    begun = dataclasses.replace(contract, calibration=target, rewriting=True, edges_count=0)
    yield call("update_collection", collection_name=collection, metadata=begun.to_metadata())
    done = written = 0
    offset: models.ExtendedPointId | None = None
    while True:
        records, offset = yield from read_batch(collection, offset, size=_BATCH)
        records = [record for record in records if contract.field.of(record.vector) is not None]
        pending = [r for r in records if (r.payload or {}).get(contract.field.mark) != target]
        if pending:
            points = _rewritten(pending, contract, calibration)
            yield call("upsert", collection_name=collection, points=points)
        written += len(pending)
        done += len(records)
        if progress is not None:
            progress(done, total)
        if offset is None:
            break
    placed = yield from refresh_edges(collection, begun)
    finished = dataclasses.replace(placed, rewriting=False)
    yield call("update_collection", collection_name=collection, metadata=finished.to_metadata())
    return written


def _strays(target: str | None, field: Field) -> models.Filter:
    """Points that are stored otherwise than by a calibration, or than raw."""
    if target is None:
        return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=field.mark))])
    stored = models.FieldCondition(key=field.mark, match=models.MatchValue(value=target))
    return models.Filter(must=[field.present], must_not=[stored])


def _rewritten(
    records: list[models.Record], contract: Contract, calibration: Calibration | None
) -> list[models.PointStruct]:
    field, ids = contract.field, [str(record.id) for record in records]
    raw = require_embeddings(
        [raw_vector(_vector(record, field), record.payload or {}, field).tolist() for record in records],
        names=[f"Point {name}" for name in ids],
        dimension=contract.dimension,
    )
    stored: list[Stored]
    if calibration is None:
        stored = store_raw(raw, field)
    else:
        stored = store_calibrated(raw, calibration, ids=ids, field=field)
    return [
        models.PointStruct(
            id=record.id,
            vector=field.put(vector, record.vector),
            payload={**_kept(record.payload or {}, field), **payload},
        )
        for record, (vector, payload) in zip(records, stored, strict=True)
    ]


def _vector(record: models.Record, field: Field) -> list[float]:
    return np.asarray(field.of(record.vector), dtype=np.float32).tolist()  # type: ignore[no-any-return]


def _kept(payload: dict[str, Any], field: Field) -> dict[str, Any]:
    """A payload without what the way of storing put there."""
    return {key: value for key, value in payload.items() if key not in field.keys}

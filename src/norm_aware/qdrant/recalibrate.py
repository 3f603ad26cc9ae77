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
from norm_aware.qdrant.calibrated import KEYS, MARK, Stored, raw_vector, store_calibrated, store_raw
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import (
    NORM,
    Contract,
    open_collection,
    read_batch,
    refresh_edges,
    require_encoder,
)

_BATCH = 256


def recalibrate(
    collection: str,
    calibration: Calibration | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Steps[int]:
    """Store every point by a calibration, or raw again.

    Each point is replaced at once, vector and payload, and its raw vector stays in its payload to the bit. A
    run that was cut off leaves the collection marked, so that nobody searches it, and is simply started
    again. Another calibration may follow at any time; it starts from the raw vectors too. Nothing else
    should write to the collection meanwhile; a store opened before notices within a minute, on its own.

    Args:
        collection: name of a collection that norm-aware made or filled back.
        calibration: what to store by; None, or one that is cosine, brings the raw vectors back.
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
    contract, total = yield from open_collection(collection)
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
    strays = yield call("count", collection_name=collection, count_filter=_strays(target))
    if contract.calibration == target and not contract.rewriting and not strays.count:
        return 0
    yield from _require_one_vector(collection)
    begun = dataclasses.replace(contract, calibration=target, rewriting=True, edges_count=0)
    yield call("update_collection", collection_name=collection, metadata=begun.to_metadata())
    done = written = 0
    offset: models.ExtendedPointId | None = None
    while True:
        records, offset = yield from read_batch(collection, offset, size=_BATCH)
        pending = [r for r in records if (r.payload or {}).get(MARK) != target]
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


def _strays(target: str | None) -> models.Filter:
    """Points that are stored otherwise than by a calibration, or than raw."""
    if target is None:
        return models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=MARK))])
    stored = models.FieldCondition(key=MARK, match=models.MatchValue(value=target))
    return models.Filter(must_not=[stored])


def _require_one_vector(collection: str) -> Steps[None]:
    """Refuse points with further vectors, which replacing a point would lose."""
    info: models.CollectionInfo = yield call("get_collection", collection_name=collection)
    if info.config.params.sparse_vectors:
        raise ContractError(
            f"Collection {collection!r} has sparse vectors beside the dense one, which rewriting would lose; "
            "copy the dense vectors into a collection of their own."
        )


def _rewritten(
    records: list[models.Record], contract: Contract, calibration: Calibration | None
) -> list[models.PointStruct]:
    ids = [str(record.id) for record in records]
    raw = require_embeddings(
        [raw_vector(_vector(record), record.payload or {}).tolist() for record in records],
        names=[f"Point {name}" for name in ids],
        dimension=contract.dimension,
    )
    stored: list[Stored]
    stored = store_raw(raw) if calibration is None else store_calibrated(raw, calibration, ids=ids)
    return [
        models.PointStruct(id=record.id, vector=vector, payload={**_kept(record.payload or {}), **payload})
        for record, (vector, payload) in zip(records, stored, strict=True)
    ]


def _vector(record: models.Record) -> list[float]:
    return np.asarray(record.vector, dtype=np.float32).tolist()  # type: ignore[no-any-return]


def _kept(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload without what the way of storing put there."""
    return {key: value for key, value in payload.items() if key not in (NORM, *KEYS)}

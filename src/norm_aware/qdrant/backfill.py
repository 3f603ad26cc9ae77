"""Gives an existing Dot collection what it lacks: the norm in every payload, the contract, the index."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from qdrant_client import models

from norm_aware.errors import ContractError, EmbeddingError
from norm_aware.geometry.norms import is_normalized, norms, require_embeddings
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import (
    Contract,
    create_norm_index,
    open_collection,
    read_batch,
    require_encoder,
)
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.field import Field
from norm_aware.qdrant.power import power_mark
from norm_aware.qdrant.rewriting import strays

_BATCH = 256


def backfill(
    collection: str,
    *,
    payload_index: bool,
    encoder: tuple[str, str] | None = None,
    trained_similarity: str | None = None,
    vector_name: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Steps[int]:
    """Write the norm of every stored vector into its payload, then the contract.

    Running it again changes nothing; a run that was cut off is simply started again.

    Args:
        collection: name of a Dot collection.
        payload_index: whether the engine has payload indexes.
        encoder: name and fingerprint to record where the contract has none.
        trained_similarity: name of what that encoder was trained by, recorded with it.
        vector_name: of the dense vector whose norm is written; empty for the unnamed one.
        progress: called with points done and points in all, after each batch.

    Returns:
        Steps that end in the number of points whose payload was written.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        DistanceError: when it is not under Dot: then the norms are not in it.
        ContractError: when another encoder than the one given is recorded, or points of a collection stored
            at another power than 1 are not.
        EmbeddingError: when a stored vector holds NaN or infinite numbers, or a payload has another `norm`.
    """
    contract, total = yield from open_collection(collection, vector_name=vector_name)
    if encoder is not None:
        require_encoder(contract, encoder=encoder[0], fingerprint=encoder[1], collection=collection)
    if contract.stored_power == 1 and contract.storing_power is None:
        written, raw = yield from _write_norms(collection, contract, total=total, progress=progress)
        if contract.calibration is None:  # stored by one, vectors may well have length 1
            contract = dataclasses.replace(contract, raw=raw)
    else:
        written = 0
        yield from _require_stored_alike(collection, contract)
    if payload_index:
        yield from create_norm_index(collection, contract.field)
    if encoder is not None and contract.fingerprint is None:
        contract = dataclasses.replace(
            contract, encoder=encoder[0], fingerprint=encoder[1], trained_similarity=trained_similarity
        )
    contract = dataclasses.replace(contract, edges_count=0)
    yield call("update_collection", collection_name=collection, metadata=contract.to_metadata())
    yield from refresh_edges(collection, contract)
    return written


def _write_norms(
    collection: str,
    contract: Contract,
    *,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> Steps[tuple[int, bool]]:
    """Write norms; how many were, and whether any vector has another length than 1."""
    field, raw = contract.field, False
    done = written = 0
    offset: models.ExtendedPointId | None = None
    while True:
        records, offset = yield from read_batch(collection, offset, size=_BATCH, payload=[field.norm])
        records = [record for record in records if field.of(record.vector) is not None]
        if records:
            matrix = require_embeddings(
                [cast("list[float]", field.of(record.vector)) for record in records],
                names=[f"Point {record.id}" for record in records],
                dimension=contract.dimension,
            )
            lengths = norms(matrix).tolist()
            for record, length in zip(records, lengths, strict=True):
                require_free(record, length, field)
            raw = raw or not is_normalized(matrix)
            changes = [
                models.SetPayloadOperation(
                    set_payload=models.SetPayload(payload={field.norm: length}, points=[record.id])
                )
                for record, length in zip(records, lengths, strict=True)
                if not _is_stored(record.payload or {}, length, field)
            ]
            if changes:
                yield call("batch_update_points", collection_name=collection, update_operations=changes)
            written += len(changes)
            done += len(records)
            if progress is not None:
                progress(done, total)
        if offset is None:
            return written, raw


def _require_stored_alike(collection: str, contract: Contract) -> Steps[None]:
    """Refuse points at another power than the contract's, whose norm their length would not tell.

    Raises:
        ContractError: when there are any.
    """
    power = contract.stored_power if contract.storing_power is None else contract.storing_power
    mark = (contract.field.power, power_mark(power))
    others: int = (
        yield call("count", collection_name=collection, count_filter=strays(mark, contract.field))
    ).count
    if others or contract.storing_power is not None:
        raise ContractError(
            f"Collection {collection!r} is to be stored at power {power:g}, and {others} points are not; "
            f"`norm-aware store-power {power:g} --collection {collection}` stores them so, with their norm."
        )


def _is_stored(payload: Mapping[str, Any], length: float, field: Field) -> bool:
    """Whether a payload has the norm, but for a last digit that an engine's JSON may change."""
    return math.isclose(payload.get(field.norm, math.nan), length, rel_tol=1e-14)


def require_free(record: models.Record, length: float, field: Field) -> None:
    """Refuse to overwrite a payload that means something else.

    Raises:
        EmbeddingError: when the point's norm is not its vector's length.
    """
    found = (record.payload or {}).get(field.norm, length)
    if not isinstance(found, (int, float)) or not math.isclose(found, length, rel_tol=1e-3, abs_tol=1e-6):
        raise EmbeddingError(
            f"Point {record.id} has a payload {field.norm!r} of {found!r}, which is not its vector's length "
            f"{length:g} and would be overwritten; rename that payload key first."
        )

"""Rewrites a collection in place by a calibration, from the raw vectors it holds, and back."""

from __future__ import annotations

import dataclasses

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import ContractError
from norm_aware.qdrant.calibrated import store_calibrated, store_raw
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import Contract, open_collection, require_encoder
from norm_aware.qdrant.rewriting import Progress, Store, rewrite


def recalibrate(
    collection: str,
    calibration: Calibration | None,
    *,
    vector_name: str = "",
    progress: Progress | None = None,
) -> Steps[int]:
    """Store every point by a calibration, or raw again.

    Each point is replaced at once, vector and payload, with the further vectors it has, and its raw vector
    stays in its payload to the bit. A run that was cut off leaves the collection marked, so that nobody
    searches it, and is simply started again. Another calibration may follow at any time; it starts from the
    raw vectors too. Nothing else should write to the collection meanwhile; a store opened before notices
    within a minute, on its own.
    A collection stored at another power than 1 becomes a calibrated one, which has none.

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
        ContractError: when its encoder was never recorded or is another than the calibration's, or when it
            is being rewritten to a power.
        EmbeddingError: when a stored vector holds NaN or infinite numbers; what was rewritten until then
            is undone by `calibration=None`.
    """
    contract, total = yield from open_collection(collection, vector_name=vector_name)
    if contract.storing_power is not None:
        raise ContractError(
            f"Collection {collection!r} is being rewritten to power {contract.storing_power:g}, or that was "
            f"cut off; run `norm-aware store-power {contract.storing_power:g} --collection {collection}` to "
            "its end first."
        )
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
    mark = (contract.field.mark, None if calibration is None else calibration.digest)
    # the power is kept until the end: undoing a run that was cut off must know what the other points have
    begun = dataclasses.replace(contract, calibration=mark[1], rewriting=True, edges_count=0)
    ended = dataclasses.replace(begun, rewriting=False)
    if calibration is not None:
        ended = dataclasses.replace(ended, stored_power=1.0)
    return (
        yield from rewrite(
            collection,
            begun=begun,
            ended=ended,
            store=_store(calibration, contract),
            mark=mark,
            settled=contract.calibration == mark[1] and not contract.rewriting,
            total=total,
            progress=progress,
        )
    )


def _store(calibration: Calibration | None, contract: Contract) -> Store:
    if calibration is None:
        return lambda raw, _: store_raw(raw, contract.stored_power, field=contract.field)
    return lambda raw, ids: store_calibrated(raw, calibration, ids=ids, field=contract.field)

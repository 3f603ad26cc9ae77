"""Rewrites a collection in place to another power of the norm, and back to raw."""

from __future__ import annotations

import dataclasses

from norm_aware.errors import ContractError
from norm_aware.qdrant.calibrated import store_raw
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import open_collection
from norm_aware.qdrant.power import power_mark, require_power
from norm_aware.qdrant.rewriting import Progress, rewrite


def store_power(
    collection: str, power: float, *, vector_name: str = "", progress: Progress | None = None
) -> Steps[int]:
    """Store every point at a power of its norm, so that a plain Dot search ranks by that `document_power`.

    At 0 that is cosine, at 1 the raw vectors. Each point is replaced at once and says at which power it is
    stored, so a run that was cut off is simply started again, or with another power. Until its end the
    collection is marked and nobody searches it; a store opened before notices within a minute, on its own.
    Raw vectors come back to float32's accuracy, and lose a last digit with each rewriting.

    Args:
        collection: name of a collection that norm-aware made or filled back.
        power: from -16 to 16, to four decimals.
        vector_name: of the dense vector that is rewritten; empty for the unnamed one.
        progress: called with points done and points in all, after each batch.

    Returns:
        Steps that end in the number of points rewritten.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        DistanceError: when it is not under Dot.
        ContractError: when it is stored by a calibration, or that is being done.
        EmbeddingError: when float32 cannot hold a vector at that power; `power=1` undoes what was rewritten.
        QueryError: when the power is no number from -16 to 16.
    """
    power = require_power(power)
    contract, total = yield from open_collection(collection, vector_name=vector_name)
    if contract.calibration is not None or (contract.rewriting and contract.storing_power is None):
        raise ContractError(
            f"Collection {collection!r} is stored by a calibration, which decides the length of vectors "
            f"itself; `norm-aware apply --undo --collection {collection}` brings the raw vectors back first."
        )
    return (
        yield from rewrite(
            collection,
            begun=dataclasses.replace(contract, storing_power=power, rewriting=True),
            ended=dataclasses.replace(contract, stored_power=power, storing_power=None, rewriting=False),
            store=lambda raw, _: store_raw(raw, power, field=contract.field),
            mark=(contract.field.power, power_mark(power)),
            settled=contract.stored_power == power and not contract.rewriting,
            total=total,
            progress=progress,
        )
    )

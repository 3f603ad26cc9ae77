"""How a calibrated point lies in a collection: the calibrated vector to search by, the raw to go back to."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import ContractError
from norm_aware.geometry.norms import norms
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.field import UNNAMED, Field
from norm_aware.qdrant.power import from_power, power_mark, to_power


class Stored(NamedTuple):
    """A point's vector and the payload that goes with it."""

    vector: list[float]
    payload: dict[str, Any]


def store_raw(embeddings: NDArray[np.float32], power: float = 1.0, *, field: Field = UNNAMED) -> list[Stored]:
    """Points of raw embeddings: the vector, at a power of its length where asked, and its raw length.

    Raises:
        EmbeddingError: when float32 cannot hold a vector at that power.
    """
    lengths = norms(embeddings).tolist()
    if power == 1:
        return [Stored(v, {field.norm: n}) for v, n in zip(embeddings.tolist(), lengths, strict=True)]
    vectors = to_power(embeddings, power).tolist()
    mark = power_mark(power)
    return [Stored(v, {field.norm: n, field.power: mark}) for v, n in zip(vectors, lengths, strict=True)]


def store_calibrated(
    embeddings: NDArray[np.float32],
    calibration: Calibration,
    *,
    ids: Sequence[str],
    field: Field = UNNAMED,
) -> list[Stored]:
    """Points of raw embeddings as a calibration stores them.

    Args:
        embeddings: raw, shape (points, dimension).
        calibration: what they are stored by.
        ids: the points' ids, by which those calibrated on are recognised.
        field: the vector they are stored as.
    """
    stored = calibration.documents(embeddings, ids=ids)
    rows = zip(
        stored.vectors.tolist(),
        norms(stored.vectors).tolist(),
        stored.offsets.tolist(),
        embeddings,
        norms(embeddings).tolist(),
        strict=True,
    )
    return [
        Stored(
            vector,
            {
                field.norm: length,
                field.raw: base64.b64encode(raw.astype("<f4").tobytes()).decode("ascii"),
                field.raw_norm: raw_length,
                field.mark: calibration.digest,
                **({field.offset: offset} if calibration.has_offsets else {}),
            },
        )
        for vector, length, offset, raw, raw_length in rows
    ]


def raw_vector(
    vector: Sequence[float], payload: Mapping[str, Any], field: Field = UNNAMED
) -> NDArray[np.float32]:
    """The raw embedding of a point, whichever way it is stored."""
    if field.power in payload:
        return from_power(vector, payload[field.norm])
    if field.raw not in payload:
        return np.asarray(vector, dtype=np.float32)
    return np.frombuffer(base64.b64decode(payload[field.raw]), dtype="<f4").astype(np.float32)


def require_calibration(contract: Contract, calibration: Calibration | None, *, collection: str) -> None:
    """Refuse to read or write a collection by another calibration than it is stored by.

    Raises:
        ContractError: naming both, or that a rewriting was cut off.
    """
    if contract.storing_power is not None:
        raise ContractError(
            f"Collection {collection!r} is being rewritten to power {contract.storing_power:g}, or that was "
            f"cut off: its points are of two kinds. Run `norm-aware store-power {contract.storing_power:g} "
            f"--collection {collection}` again, which goes on where it stopped, or with the power you want."
        )
    if contract.rewriting:
        raise ContractError(
            f"Collection {collection!r} is being rewritten by a calibration, or that was cut off: its points "
            "are of two kinds. Run the same `norm-aware apply` again, which goes on where it stopped, or "
            f"`norm-aware apply --undo --collection {collection}`."
        )
    wanted = None if calibration is None or calibration.is_cosine else calibration.digest
    if wanted == contract.calibration:
        return
    if contract.calibration is None:
        raise ContractError(
            f"Collection {collection!r} holds raw vectors, calibration {wanted} was given; "
            f"`norm-aware apply CALIBRATION --collection {collection}` rewrites it; or leave it out."
        )
    found = "no calibration" if wanted is None else f"calibration {wanted}"
    raise ContractError(
        f"Collection {collection!r} is stored by calibration {contract.calibration}, {found} was given; "
        f"pass that calibration, or `norm-aware apply --undo --collection {collection}` makes it raw again."
    )

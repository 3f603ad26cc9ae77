"""Vectors stored at a power of their norm: a plain Dot search then ranks by that member of the power family.

The stored vector is `direction * norm**power`, so that its inner product with a query of length 1 is the
score of `PowerSimilarity(document_power=power)`: at 0 the cosine. The payload keeps the raw norm, and the
raw vector comes back as the stored direction at that length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from norm_aware.errors import ContractError, EmbeddingError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.qdrant.collection import Contract

_SHORTEST, _LONGEST = 1e-30, 1e17  # lengths between which float32 keeps a direction and an inner product


def to_power(embeddings: NDArray[np.float32], power: float) -> NDArray[np.float32]:
    """Raw embeddings at `norm**power`, computed in float64; a zero vector stays zero.

    Args:
        embeddings: raw, shape (points, dimension).
        power: of the norm.

    Raises:
        EmbeddingError: when float32 cannot hold one of that length.

    Example:
        >>> to_power(np.array([[0, 4], [0, 0]], np.float32), 0.5).tolist()
        [[0.0, 2.0], [0.0, 0.0]]
    """
    lengths = norms(embeddings)
    known = np.where(lengths > 0, lengths, 1.0)
    with np.errstate(over="ignore"):
        wanted = known**power
    if len(broken := np.flatnonzero(~((wanted >= _SHORTEST) & (wanted <= _LONGEST)))):
        raise EmbeddingError(
            f"An embedding of norm {known[broken[0]]:g} would have length {wanted[broken[0]]:g} at power "
            f"{power:g}, which float32 cannot hold; choose a power nearer to 0."
        )
    return np.asarray(embeddings * (wanted / known)[:, None], dtype=np.float32)


def from_power(vector: Sequence[float], norm: float) -> NDArray[np.float32]:
    """The raw embedding of which a vector has the direction and a norm is the length.

    Example:
        >>> from_power([0.0, 2.0], 4.0).tolist()
        [0.0, 4.0]
    """
    stored = np.asarray(vector, dtype=np.float32).astype(np.float64)
    length = float(np.linalg.norm(stored))
    return np.asarray(stored * (norm / length) if length > 0 else stored, dtype=np.float32)


def power_mark(power: float) -> str | None:
    """The power as points say it: a word, since an engine may change a number's last digit."""
    return None if power == 1 else f"{power:g}"


def require_power(power: float) -> float:
    """A power that vectors can be stored at: at most four decimals of it count.

    Raises:
        QueryError: when it is not a number from -16 to 16.
    """
    return round(PowerSimilarity(document_power=power).document_power, 4) + 0.0  # no minus before 0


def require_stored_power(contract: Contract, power: float | None, *, collection: str) -> None:
    """Refuse a collection that is stored at another power than the one asked for.

    Raises:
        ContractError: naming both.
    """
    if power is not None and power != contract.stored_power:
        raise ContractError(
            f"Collection {collection!r} is stored at power {contract.stored_power:g}, {power:g} was asked "
            f"for; `norm-aware store-power {power:g} --collection {collection}` rewrites it; or leave it out."
        )


def require_no_calibration(power: float | None, calibration: object) -> None:
    """Refuse a stored power beside a calibration, which decides the length of stored vectors itself.

    Raises:
        QueryError: when both are given.
    """
    if calibration is not None and power not in (None, 1):
        raise QueryError(
            f"A stored power ({power:g}) was given beside a calibration, which decides the length of stored "
            "vectors itself; leave one of the two out."
        )

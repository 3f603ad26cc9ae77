"""The norms of a set of embeddings, and the guards that keep them from being lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DimensionError, EmbeddingError, NormalizedEmbeddingError

UNIT_TOLERANCE = 5e-3
"""How far from 1 a norm may be and still count as normalised: what bfloat16 rounding leaves of it."""


def norms(embeddings: ArrayLike) -> NDArray[np.float64]:
    """Lengths of embeddings, computed from the float32 values that Qdrant stores.

    Args:
        embeddings: shape (documents, dimension) or (dimension,).

    Returns:
        Euclidean norms, shape (documents,) or (): float64, since squares are summed in it.

    Example:
        >>> norms([[3.0, 4.0], [0.0, 0.0]]).tolist()
        [5.0, 0.0]
    """
    stored = np.asarray(embeddings, dtype=np.float32).astype(np.float64)
    return np.asarray(np.linalg.norm(stored, axis=-1))


def require_embeddings(
    embeddings: Sequence[Sequence[float]], *, names: Sequence[str], dimension: int | None = None
) -> NDArray[np.float32]:
    """Embeddings as one float32 matrix, or an error that names the first document at fault.

    Args:
        embeddings: one vector per document.
        names: what to call each document in an error, in the same order.
        dimension: the dimension every vector must have; None takes the first one's.

    Returns:
        Matrix of shape (documents, dimension), float32.

    Raises:
        DimensionError: when a vector has another dimension.
        EmbeddingError: when a vector holds NaN or an infinite number, also after rounding to float32.
    """
    dimension = len(embeddings[0]) if dimension is None and len(embeddings) else dimension
    for name, embedding in zip(names, embeddings, strict=True):
        if len(embedding) != dimension or dimension == 0:
            raise DimensionError(
                f"{name} has an embedding of dimension {len(embedding)} where {dimension or 'at least 1'} is "
                "needed; embed every document and query with the encoder the collection was made with."
            )
    with np.errstate(over="ignore"):
        matrix = np.asarray(embeddings, dtype=np.float32).reshape(len(embeddings), dimension or 0)
    broken = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(broken):
        raise EmbeddingError(
            f"{names[broken[0]]} has an embedding with NaN or infinite numbers, as {len(broken)} of "
            f"{len(matrix)} do; look at its text and at the encoder's precision (float16 overflows above "
            "65504), then embed again."
        )
    return matrix


def is_normalized(embeddings: ArrayLike) -> bool:
    """Whether every embedding but zero vectors has length 1 (`UNIT_TOLERANCE`): no norm is left to use."""
    lengths = norms(embeddings)
    lengths = lengths[lengths > 0]
    return bool(lengths.size and (np.abs(lengths - 1) < UNIT_TOLERANCE).all())


def require_unnormalized(embeddings: ArrayLike, *, reason: str) -> None:
    """Refuse embeddings that all have length 1.

    Args:
        embeddings: shape (documents, dimension).
        reason: what normalised them, as a sentence that also says what to change.

    Raises:
        NormalizedEmbeddingError: when all of them have length 1.
    """
    if is_normalized(embeddings):
        raise NormalizedEmbeddingError(
            f"All {len(np.atleast_2d(embeddings))} embeddings have length 1, so dot and cosine are the same "
            f"and there is no norm to use. {reason} If unit vectors are meant, pass allow_normalized=True."
        )


def norm_edges(lengths: ArrayLike, *, ranges: int) -> tuple[float, ...]:
    """Inner edges that cut norms into ranges of about equally many documents (their quantiles).

    Args:
        lengths: norms, shape (documents,).
        ranges: how many ranges are wanted, at least 1.

    Returns:
        At most `ranges - 1` increasing edges; fewer where norms coincide. Range i holds the norms in
        [edge i-1, edge i), the first and the last are open, so that every norm falls in exactly one.

    Example:
        >>> norm_edges([1.0, 2.0, 3.0, 4.0], ranges=2)
        (2.5,)
    """
    values = np.asarray(lengths, dtype=np.float64)
    if values.size == 0:
        return ()
    edges = np.unique(np.quantile(values, np.linspace(0, 1, ranges + 1)[1:-1]))
    return tuple(float(edge) for edge in edges if edge > values.min())

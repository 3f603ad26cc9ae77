"""The norms of a set of embeddings, and the guards that keep them from being lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DimensionError, EmbeddingError, NormalizedEmbeddingError
from norm_aware.numeric.transform import directions

UNIT_TOLERANCE = 5e-3
"""How far from 1 a norm may be and still count as normalised: what bfloat16 rounding leaves of it."""

_HUGE = 1e17  # the inner product of such vectors, of any usual dimension, is near float32's end
_BLOCK = 8192  # rows worked on at once: bounds memory whatever the number of documents


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


def require_matrix(embeddings: ArrayLike, *, of: str, least: int = 1) -> NDArray[np.float32]:
    """Embeddings as one float32 matrix of finite numbers, or an error that says what is wrong with them.

    Args:
        embeddings: shape (rows, dimension); a float32 array is not copied.
        of: what the rows are, in the plural, for an error.
        least: how many rows are needed.

    Returns:
        Matrix of shape (rows, dimension), float32.

    Raises:
        EmbeddingError: when there are too few rows, they are not of one dimension, or a number is NaN,
            infinite or so large that float32 cannot hold an inner product.
    """
    try:
        with np.errstate(over="ignore"):
            matrix = np.asarray(embeddings, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EmbeddingError(
            f"The {of} are not a matrix of numbers ({error}); give one embedding of one dimension per row."
        ) from error
    if matrix.ndim != 2 or len(matrix) < least or matrix.shape[1] == 0:
        raise EmbeddingError(
            f"Embeddings of {of} have shape {matrix.shape}; at least {least} rows of at least 1 number are "
            "needed, one row each."
        )
    if broken := sum(int((~(np.abs(block) < _HUGE)).any(axis=1).sum()) for block in _blocks(matrix)):
        raise EmbeddingError(
            f"{broken} of {len(matrix)} {of} have an embedding with NaN, infinite or huge (from {_HUGE:g}) "
            "numbers; look at their texts and at the encoder's precision (float16 overflows above 65504), "
            "then embed again."
        )
    return matrix


def require_one_dimension(queries: NDArray[np.float32], documents: NDArray[np.float32]) -> None:
    """Refuse queries and documents of different dimensions.

    Args:
        queries: shape (queries, dimension).
        documents: shape (documents, dimension).

    Raises:
        DimensionError: when the dimensions differ.
    """
    if queries.shape[1] != documents.shape[1]:
        raise DimensionError(
            f"The queries have dimension {queries.shape[1]}, the documents {documents.shape[1]}; embed both "
            "with one encoder."
        )


def unit_vectors(embeddings: ArrayLike) -> NDArray[np.float32]:
    """Embeddings at length 1; a zero vector stays zero.

    Args:
        embeddings: shape (rows, dimension).

    Returns:
        Shape (rows, dimension), float32, made in blocks of float64.

    Example:
        >>> unit_vectors([[0.0, 2.0], [0.0, 0.0]]).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    matrix = np.asarray(embeddings, dtype=np.float32)
    units = np.empty_like(matrix)
    for block, unit in zip(_blocks(matrix), _blocks(units), strict=True):
        unit[:] = directions(block)
    return units


def _blocks(matrix: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [matrix[start : start + _BLOCK] for start in range(0, len(matrix), _BLOCK)]


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

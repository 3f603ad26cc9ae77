"""A similarity as one inner product: vectors of its length along the document, and one more dimension.

Every similarity that is linear in the cosine ranks by `query_factor * cosine * slope + offset`
(`Similarity.document_terms`). Stored as `[slope * direction, offset]` and asked for with
`[query_factor * direction, 1]`, a plain Dot search of any engine ranks by it, without formula or norm
ranges. What is given up: the similarity is fixed when documents are stored, the score lacks what is
constant for a query, and the raw norm is no longer in the vector. An offset that differs much between
documents makes a graph index miss some, as skewed norms do: compare with exact search before relying on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.geometry.norms import norms, require_embeddings
from norm_aware.numeric.similarity import Similarity


def augment_documents(vectors: ArrayLike, similarity: Similarity) -> NDArray[np.float32]:
    """What to store of documents for a Dot search that ranks as a similarity does.

    Args:
        vectors: raw document embeddings, shape (documents, dimension).
        similarity: one that is linear in the cosine.

    Returns:
        Vectors of shape (documents, dimension + 1), float32.

    Raises:
        QueryError: when the similarity is not linear in the cosine.
        DimensionError: when the vectors are no matrix, as those of several dimensions are not.
        EmbeddingError: for NaN or infinite numbers, also in what would be stored.

    Example:
        >>> from norm_aware import COSINE
        >>> augment_documents([[0.0, 2.0], [3.0, 0.0]], COSINE).tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    matrix = _matrix(vectors, axes=2, of="Document")
    lengths = norms(matrix)
    slope, offset = similarity.document_terms(lengths)
    return _stored(np.column_stack([_directions(matrix, lengths) * slope[:, None], offset]), similarity)


def augment_query(vector: ArrayLike, similarity: Similarity) -> NDArray[np.float32]:
    """What to search augmented documents with.

    Args:
        vector: raw query embedding, shape (dimension,).
        similarity: the one the documents were augmented for.

    Returns:
        Vector of shape (dimension + 1,), float32. Its inner product with an augmented document is the
        similarity's score up to what is the same for every document, squared first for the Euclidean one.

    Raises:
        QueryError: when the similarity is not linear in the cosine.
        DimensionError: when the query is no single vector.
        EmbeddingError: for NaN or infinite numbers, also in what would be sent.

    Example:
        >>> from norm_aware import EuclideanSimilarity
        >>> augment_query([0.0, 2.0], EuclideanSimilarity()).tolist()
        [0.0, 4.0, 1.0]
    """
    similarity.document_terms(1.0)  # refuses what no inner product ranks by
    query = _matrix(vector, axes=1, of="Query")
    length = norms(query)
    direction = _directions(query, length)[0]
    return _stored(np.append(direction * similarity.query_factor(length), 1.0), similarity)


def _matrix(vectors: ArrayLike, *, axes: int, of: str) -> NDArray[np.float32]:
    try:
        array = np.asarray(vectors, dtype=np.float64)
        if array.ndim != axes:
            raise ValueError(f"their shape is {array.shape}")
    except ValueError as error:
        needed = "(documents, dimension)" if axes == 2 else "(dimension,)"
        raise DimensionError(f"Embeddings of shape {needed} are needed; these are not: {error}.") from error
    rows = cast("Sequence[Sequence[float]]", np.atleast_2d(array))
    return require_embeddings(rows, names=[f"{of} {i}" for i in range(len(rows))])


def _directions(matrix: NDArray[np.float32], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows at unit length; a zero vector stays one."""
    return matrix / np.where(lengths > 0, lengths, 1.0)[:, None]


def _stored(augmented: NDArray[np.float64], similarity: Similarity) -> NDArray[np.float32]:
    if not (np.abs(augmented) <= np.finfo(np.float32).max).all():
        raise EmbeddingError(
            f"{similarity} makes of these norms numbers beyond float32, which Qdrant stores; choose smaller "
            "powers, or scale the embeddings down."
        )
    return augmented.astype(np.float32)

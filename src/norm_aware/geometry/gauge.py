"""How much of the cosine ranking is arbitrary, if the encoder was trained by the inner product."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.norms import norms, require_matrix, require_one_dimension, unit_vectors

SIGMA = 0.5
"""Standard deviation of the log rescaling of a dimension: a typical factor of 1.6 up or down."""

SAMPLE = 200
"""Queries whose rankings are compared."""

_BLOCK = 1 << 22  # inner products held at once


def gauge_sensitivity(
    documents: ArrayLike,
    *,
    queries: ArrayLike | None = None,
    sigma: float = SIGMA,
    k: int = 10,
    draws: int = 5,
    seed: int = 0,
) -> float:
    """Mean overlap of the cosine's top k before and after rescalings that leave every inner product alone.

    Multiply each dimension of the queries by a factor and divide that of the documents by it: no inner
    product changes, so a training objective made of inner products cannot tell the two apart, but cosines
    do change (Steck, Ekanadham & Kallus, arXiv:2403.05440, section 2). The lower the overlap, the more of a
    dot-trained encoder's cosine ranking is an accident of training. An encoder trained by cosine has no
    such freedom (Bouhsine, arXiv:2602.19393), and for it the number says nothing.

    Args:
        documents: raw embeddings, shape (documents, dimension).
        queries: raw embeddings, shape (queries, dimension); None asks with documents for other documents.
        sigma: standard deviation of the factors' logarithms, above 0; the factors are log-normal.
        k: how many documents are compared; all there are where that is fewer.
        draws: rescalings drawn.
        seed: of the rescalings and of the sample of `SAMPLE` queries.

    Returns:
        From about k / documents (nothing stays) to 1 (nothing moves).

    Raises:
        DimensionError: when queries and documents differ in dimension.
        EmbeddingError: when there are too few documents, or numbers are not finite.
    """
    matrix = require_matrix(documents, of="documents", least=2)
    bank = matrix if queries is None else require_matrix(queries, of="queries")
    require_one_dimension(bank, matrix)
    if not sigma > 0 or k < 1 or draws < 1:
        raise EmbeddingError(f"sigma {sigma}, k {k} and draws {draws} were given; all have to be above 0.")
    generator = np.random.default_rng(seed)
    asked = np.arange(len(bank))
    if len(bank) > SAMPLE:
        asked = np.sort(generator.choice(len(bank), SAMPLE, replace=False))
    factors = np.exp(sigma * generator.normal(size=(draws, matrix.shape[1])))
    k = min(k, len(matrix) - (queries is None))
    before, *after = [_reciprocal(norms(matrix)), *(_reciprocal(_rescaled_norms(matrix, f)) for f in factors)]
    rows = max(1, _BLOCK // len(matrix))
    overlap = 0.0
    for start in range(0, len(asked), rows):
        block = asked[start : start + rows]
        # a query's own length is the same for all its documents: the document's decides the ranking
        dots = unit_vectors(bank[block]) @ matrix.T
        if queries is None:
            dots[np.arange(len(block)), block] = -np.inf
        kept = _top(dots * before, k)
        overlap += sum(float((kept & _top(dots * lengths, k)).sum()) for lengths in after)
    return overlap / (k * draws * len(asked))


def _rescaled_norms(matrix: NDArray[np.float32], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = max(1, _BLOCK // matrix.shape[1])
    blocks = [matrix[start : start + rows] / factor for start in range(0, len(matrix), rows)]
    return np.concatenate([np.linalg.norm(block, axis=1) for block in blocks])


def _reciprocal(lengths: NDArray[np.float64]) -> NDArray[np.float32]:
    """One over each length; any number will do for a zero vector, whose inner products are all 0."""
    reciprocal = np.divide(1.0, lengths, out=np.ones_like(lengths), where=lengths > 1e-12)
    return reciprocal.astype(np.float32)


def _top(scores: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    chosen = np.zeros(scores.shape, dtype=bool)
    nearest = np.argpartition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k :]
    np.put_along_axis(chosen, nearest, True, axis=1)
    return chosen

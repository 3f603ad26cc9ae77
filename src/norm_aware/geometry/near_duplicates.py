"""How much of a corpus says the same twice: there a hubness correction punishes what is merely repeated."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.geometry.norms import require_matrix, unit_vectors

THRESHOLD = 0.95
"""Cosine from which on two documents count as near-duplicates."""

_SAMPLE = 1500
_BLOCK = 1 << 22  # cosines held at once


def near_duplicate_share(documents: ArrayLike, *, threshold: float = THRESHOLD, seed: int = 0) -> float:
    """Share of a sample of documents that have a near-duplicate in the corpus.

    Args:
        documents: shape (documents, dimension).
        threshold: cosine from which on two count as near-duplicates.
        seed: of the sample.

    Raises:
        EmbeddingError: for embeddings that are no matrix of finite numbers.

    Example:
        >>> near_duplicate_share([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [-1.0, 0.0]])
        0.5
    """
    units = unit_vectors(require_matrix(documents, of="documents")).astype(np.float32)
    sample = np.random.default_rng(seed).permutation(len(units))[:_SAMPLE]
    rows = max(1, _BLOCK // len(units))
    found = 0
    for start in range(0, len(sample), rows):
        chosen = sample[start : start + rows]
        cosines = units[chosen] @ units.T
        cosines[np.arange(len(chosen)), chosen] = -1.0
        found += int((cosines.max(axis=1) >= threshold).sum())
    return found / len(sample)

"""Whether a document finds itself under the inner product, which graph indexes rely on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.geometry.norms import norms, require_matrix, unit_vectors

SAMPLE = 1000
"""Documents that are looked at."""

_BLOCK = 1 << 23  # inner products held at once
_ROUNDING = 1e-5  # of float32 sums, relative; a duplicate of a document does not dominate it


def dominated_share(documents: ArrayLike, *, seed: int = 0) -> float:
    """Share of documents whose largest inner product is not with themselves but with a longer document.

    Where many are dominated, the few longest documents answer every query, and a proximity graph built
    on inner products leaves the rest hard to reach (ip-NSW's norm bias, Liu et al., arXiv:1909.13459; with
    98% dominated, a Milvus HNSW index found 6%, github.com/milvus-io/milvus/issues/51821). Under cosine
    nothing is ever dominated.

    Args:
        documents: raw embeddings, shape (documents, dimension).
        seed: of the sample of `SAMPLE` documents that is looked at where there are more.

    Returns:
        From 0 to 1; a zero vector ties with everything, and neither it nor a duplicate is dominated.

    Raises:
        EmbeddingError: when there are fewer than two documents, or numbers are not finite.

    Example:
        >>> dominated_share([[1.0, 0.0], [3.0, 1.0]])
        0.5
    """
    matrix = require_matrix(documents, of="documents", least=2)
    sample = np.arange(len(matrix))
    if len(matrix) > SAMPLE:
        sample = np.random.default_rng(seed).choice(len(matrix), SAMPLE, replace=False)
    rows = max(1, _BLOCK // len(matrix))
    dominated = 0
    for start in range(0, len(sample), rows):
        block = matrix[sample[start : start + rows]]
        # of unit vectors: the same comparison, and float32 holds it whatever the lengths
        largest = (unit_vectors(block) @ matrix.T).max(axis=1)
        dominated += int((largest > norms(block) * (1 + _ROUNDING)).sum())
    return dominated / len(sample)

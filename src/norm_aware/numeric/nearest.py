"""How close a document is to its nearest queries of a bank: what hubness corrections start from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 23  # similarities held at once


def mean_nearest(
    documents: NDArray[np.float32],
    bank: NDArray[np.float32],
    *,
    k: int,
    own: Mapping[int, NDArray[np.intp]] | None = None,
) -> NDArray[np.float64]:
    """Mean inner product of each document with its k nearest rows of a bank.

    Args:
        documents: unit vectors, shape (documents, dimension).
        bank: unit vectors of queries, shape (bank, dimension).
        k: how many count, at least 1; all of the bank where it is smaller.
        own: rows of the bank that were cut from a document and do not count for it, by document.

    Returns:
        Shape (documents,); 0 for a document that has no row of the bank but its own.

    Example:
        >>> unit = np.eye(2, dtype=np.float32)
        >>> mean_nearest(unit, unit, k=1).tolist()
        [1.0, 1.0]
    """
    excluded = own or {}
    means = np.zeros(len(documents))
    if not len(bank):
        return means
    k = min(k, len(bank))
    rows = max(1, _BLOCK // len(bank))
    for start in range(0, len(documents), rows):
        similarities = documents[start : start + rows] @ bank.T
        for row in range(len(similarities)):
            if (columns := excluded.get(start + row)) is not None:
                similarities[row, columns] = -np.inf
        nearest = np.partition(similarities, len(bank) - k, axis=1)[:, len(bank) - k :].astype(np.float64)
        counted = np.isfinite(nearest)
        total = np.where(counted, nearest, 0.0).sum(axis=1)
        means[start : start + rows] = total / np.maximum(counted.sum(axis=1), 1)
    return means

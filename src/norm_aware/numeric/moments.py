"""Mean and covariance of directions: all that the transforms are fitted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.numeric.transform import directions

SAMPLE = 50_000
"""Embeddings the moments are taken from at most; by then a covariance is known to under a percent."""

_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Moments:
    """First two moments of a set of directions.

    Attributes:
        mean: shape (dimension,), float64.
        covariance: about that mean, shape (dimension, dimension), float64, divided by `count`.
        count: directions they were taken from; zero vectors have none.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int

    @classmethod
    def of(cls, embeddings: ArrayLike, *, sample: int = SAMPLE, seed: int = 0) -> Moments:
        """Take the moments of embeddings' directions, in blocks and in float64.

        Args:
            embeddings: raw or unit embeddings, shape (rows, dimension).
            sample: rows looked at, at most; a seeded sample beyond that.
            seed: of the sample.

        Raises:
            EmbeddingError: when no embedding has a direction, or a number is not finite.
        """
        rows = np.asarray(embeddings, dtype=np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise EmbeddingError(
                f"Embeddings of shape {rows.shape} with only finite numbers in rows are needed; look for NaN "
                "and infinite numbers, and embed those texts again."
            )
        if len(rows) > sample:
            rows = rows[np.sort(np.random.default_rng(seed).choice(len(rows), sample, replace=False))]
        rows = rows[rows.any(axis=1)]
        if not len(rows):
            raise EmbeddingError("No embedding has a length above 0; a transform needs some to be fitted on.")
        blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        mean = sum(directions(block).sum(axis=0) for block in blocks) / len(rows)
        covariance = np.zeros((rows.shape[1], rows.shape[1]))
        for block in blocks:
            centred = directions(block) - mean
            covariance += centred.T @ centred
        return cls(mean, covariance / len(rows), len(rows))


def matrix_power(covariance: ArrayLike, power: float, *, shrinkage: float) -> NDArray[np.float64]:
    """A power of a covariance whose eigenvalues are first raised by a share of their mean.

    The shrinkage keeps directions that were never seen, as with fewer documents than dimensions, from
    being blown up (Ledoit & Wolf 2004 shrink towards the same target).

    Args:
        covariance: symmetric and positive semi-definite, shape (dimension, dimension).
        power: of each eigenvalue; negative whitens.
        shrinkage: share of the mean eigenvalue added to every eigenvalue, above 0 for a negative power.

    Returns:
        Symmetric matrix, scaled to determinant 1 so that powers compare; the identity where there is no
        variance at all.

    Example:
        >>> matrix_power([[4.0, 0.0], [0.0, 1.0]], -0.5, shrinkage=0.0).round(3).tolist()
        [[0.707, 0.0], [0.0, 1.414]]
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    values = np.maximum(values, 0.0)
    if values.sum() <= 1e-12:  # all rows alike: no direction differs from another
        return np.eye(len(values))
    logs = power * np.log(np.maximum(values + shrinkage * values.mean(), 1e-300))
    return np.asarray((vectors * np.exp(logs - logs.mean())) @ vectors.T)

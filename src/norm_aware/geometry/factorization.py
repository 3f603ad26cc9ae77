"""Two regularised matrix factorisations in closed form, whose cosines mean little or nothing.

Steck, Ekanadham & Kallus (arXiv:2403.05440) fit X by X A B', with items as the rows of B and users as the
rows of X A. The regulariser decides what a cosine of those rows says: under `product_factorization` it is
arbitrary, since each dimension can be rescaled freely; under `factor_factorization` it is fixed, by a
choice nobody made for its sake. What the authors propose instead stands below: standardise the data
first (`standardized`), or compare in the original space (`Factorization.projected`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import EmbeddingError
from norm_aware.numeric.transform import directions

FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Factorization:
    """A fitted factorisation X A B' of a matrix X of users by items.

    Attributes:
        user_map: A, shape (items, rank).
        items: B, the embedding of each item, shape (items, rank).
    """

    user_map: FloatMatrix
    items: FloatMatrix

    def users(self, data: ArrayLike) -> FloatMatrix:
        """X A, the embedding of each user, shape (users, rank)."""
        return np.asarray(np.asarray(data, dtype=np.float64) @ self.user_map)

    def projected(self, data: ArrayLike) -> FloatMatrix:
        """X A B', shape (users, items): a remedy, since its cosines do not depend on the rescaling.

        Compare users by its rows and items by its columns (section 4 of the paper).
        """
        return np.asarray(self.users(data) @ self.items.T)

    def rescaled(self, factors: ArrayLike) -> Factorization:
        """A D and B D^-1 for a diagonal D: the same inner products, other cosines.

        Args:
            factors: the diagonal of D, shape (rank,), above 0.

        Raises:
            EmbeddingError: when a factor is not above 0, or their number is not the rank.
        """
        diagonal = np.asarray(factors, dtype=np.float64)
        rank = self.items.shape[1]
        if diagonal.shape != (rank,) or not (np.isfinite(diagonal) & (diagonal > 0)).all():
            raise EmbeddingError(f"Factors of shape {diagonal.shape} given; {rank} above 0 are needed.")
        return Factorization(self.user_map * diagonal, self.items / diagonal)


def product_factorization(
    data: ArrayLike, *, rank: int, strength: float, balance: float = 0.0
) -> Factorization:
    """Minimise `|X - X A B'|**2 + strength * |A B'|**2`, the paper's objective (1), akin to dropout.

    With X = U S V' and w = S**2 / (S**2 + strength) the product A B' is V w V' on the largest singular
    values, and any split of w between the sides is a solution. `balance` t takes A = V w**(1/2 + t) and
    B = V w**(1/2 - t). At full rank t = 1/2 makes the cosine of any two items 0 and the cosine of user and
    item rank as the inner product does; t = -1/2 gives users the cosines of the raw data.

    Args:
        data: X, shape (users, items).
        rank: dimensions kept, from 1 to the number of items.
        strength: of the regulariser, above 0.
        balance: from -1/2 to 1/2.

    Returns:
        One of the solutions.

    Raises:
        EmbeddingError: when the data is no finite matrix, or a parameter is out of its range.
    """
    if not abs(balance) <= 0.5:
        raise EmbeddingError(f"balance is {balance}; a number from -0.5 to 0.5 is needed.")
    singular, vectors = _decompose(data, rank, strength)
    kept = singular**2 / (singular**2 + strength)
    return Factorization(vectors * kept ** (0.5 + balance), vectors * kept ** (0.5 - balance))


def factor_factorization(data: ArrayLike, *, rank: int, strength: float) -> Factorization:
    """Minimise `|X - X A B'|**2 + strength * (|X A|**2 + |B|**2)`, the paper's objective (2), weight decay.

    With X = U S V' and c = max(0, 1 - strength / S), A = V sqrt(c / S) and B = V sqrt(c S) on the largest
    singular values: unique up to a rotation, so cosines are too. A singular value below the strength is
    dropped.

    Args and errors are those of `product_factorization`.
    """
    singular, vectors = _decompose(data, rank, strength)
    safe = np.maximum(singular, np.finfo(np.float64).tiny)
    kept = np.maximum(0.0, 1 - strength / safe)
    return Factorization(vectors * np.sqrt(kept / safe), vectors * np.sqrt(kept * singular))


def standardized(data: ArrayLike) -> FloatMatrix:
    """Columns of mean 0 and variance 1, a remedy before factorising; a constant column becomes 0.

    Args:
        data: X, shape (users, items).

    Example:
        >>> standardized([[1.0, 5.0], [3.0, 5.0]]).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    matrix = _matrix(data)
    centred = matrix - matrix.mean(axis=0)
    deviation = matrix.std(axis=0)
    varies = deviation > 1e-12 * np.abs(matrix).max(axis=0, initial=0.0)
    return np.asarray(np.divide(centred, deviation, out=np.zeros_like(centred), where=varies))


def cosines(rows: ArrayLike) -> FloatMatrix:
    """Cosine of every row with every row, shape (rows, rows); 0 with a zero row."""
    units = directions(rows)
    return np.asarray(units @ units.T)


def _decompose(data: ArrayLike, rank: int, strength: float) -> tuple[NDArray[np.float64], FloatMatrix]:
    """Largest singular values and their right singular vectors, from the items' Gram matrix."""
    matrix = _matrix(data)
    if not 1 <= rank <= matrix.shape[1]:
        raise EmbeddingError(f"rank is {rank}; a number from 1 to {matrix.shape[1]} (items) is needed.")
    if not (np.isfinite(strength) and strength > 0):
        raise EmbeddingError(f"strength is {strength}; a number above 0 is needed.")
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    return np.sqrt(np.maximum(values[::-1][:rank], 0.0)), vectors[:, ::-1][:, :rank]


def _matrix(data: ArrayLike) -> FloatMatrix:
    matrix = np.asarray(data, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape or not np.isfinite(matrix).all():
        raise EmbeddingError(f"Data of shape {matrix.shape} given; a matrix of finite numbers is needed.")
    return matrix

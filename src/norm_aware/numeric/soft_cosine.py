"""Soft cosine: dimensions that are alike count towards each other, as a linear map before plain cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.errors import CalibrationError
from norm_aware.numeric.transform import Transform


def soft_cosine(similarities: ArrayLike) -> Transform:
    """The transform whose cosine is `uSv / (sqrt(uSu) sqrt(vSv))` (You 2025, arXiv:2504.16318).

    A positive semi-definite S is a square, S = RR, so that soft cosine is the cosine of Ru and Rv.

    Args:
        similarities: S, how alike two dimensions are: symmetric and positive semi-definite, shape
            (dimension, dimension).

    Raises:
        CalibrationError: when S is not square, symmetric, finite and positive semi-definite: only then
            is there such a map, and a cosine between -1 and 1.

    Example:
        >>> transform = soft_cosine([[1.0, 0.5], [0.5, 1.0]])
        >>> u, v = transform.queries([[1.0, 0.0]]), transform.documents([[0.0, 1.0]])
        >>> round(float(u[0] @ v[0]), 3)
        0.5
    """
    matrix = np.asarray(similarities, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise CalibrationError(
            f"Soft cosine was given similarities of shape {matrix.shape}; a square matrix of finite numbers "
            "is needed, one row a dimension."
        )
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
        raise CalibrationError("The similarities of soft cosine are not symmetric; use (S + S.T) / 2.")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-8 * max(1.0, abs(float(values[-1]))):
        raise CalibrationError(
            f"The similarities of soft cosine have the eigenvalue {values[0]:.3g}; they must be positive "
            "semi-definite, or a vector could have no length. Add a multiple of the identity."
        )
    dimension = len(matrix)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return Transform(np.zeros(dimension), np.zeros(dimension), root)

"""All-but-the-top: the few directions that hold most of the variance are removed."""

from __future__ import annotations

import numpy as np

from norm_aware.errors import CalibrationError
from norm_aware.numeric.moments import Moments
from norm_aware.numeric.transform import Transform
from norm_aware.numeric.whitening import fit_centering


def fit_all_but_the_top(documents: Moments, queries: Moments, *, components: int | None = None) -> Transform:
    """Centre each side by its mean, then project out the documents' top principal components.

    Mu & Viswanath 2018 (arXiv:1702.01417) remove about dimension / 100 of them.

    Args:
        documents: moments of document directions.
        queries: moments of query directions.
        components: how many are removed; None takes dimension / 100, at least 1.

    Raises:
        CalibrationError: when no direction would be left.
    """
    dimension = len(documents.mean)
    removed = max(1, round(dimension / 100)) if components is None else components
    if not 0 <= removed < dimension:
        raise CalibrationError(
            f"{removed} components of {dimension} dimensions would be removed; give 0 to {dimension - 1}."
        )
    _, vectors = np.linalg.eigh(documents.covariance)  # ascending, the top ones last
    top = vectors[:, dimension - removed :]
    return fit_centering(documents, queries).then(np.eye(dimension) - top @ top.T)

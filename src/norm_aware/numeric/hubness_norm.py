"""The anti-hubness norm: a length for every document that says how little it attracts just any query."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import CalibrationError

NEAREST = 10
"""Pseudo-queries whose mean similarity is a document's hubness."""

FLOOR = 0.02
"""Smallest hubness: far from every pseudo-query, more distance says nothing."""

MAX_GAMMA = 0.4
"""Largest exponent: beyond it corpora of near-duplicates lose."""


def hubness_norm(hubness: ArrayLike, *, gamma: float) -> NDArray[np.float64]:
    """`hubness**-gamma`, the length a document is given.

    A hub, a document near to many queries of a bank, is found by queries it has no answer to; a shorter
    vector makes it found less by Dot (cf. CSLS, Conneau et al. 2018, arXiv:1710.04087, which subtracts the
    same quantity). The queries need not be real: spans of text cut from the corpus serve as well.

    Args:
        hubness: mean similarity to the nearest queries of the bank (`mean_nearest`), shape (documents,).
        gamma: from 0, which gives every document length 1, to `MAX_GAMMA`.

    Returns:
        Lengths above 0, shape (documents,). Their common scale has no meaning.

    Raises:
        CalibrationError: when gamma is outside its range.

    Example:
        >>> hubness_norm([0.25, 0.5, -0.1], gamma=0.25).round(3).tolist()
        [1.414, 1.189, 2.659]
    """
    if not 0 <= gamma <= MAX_GAMMA:
        raise CalibrationError(f"gamma is {gamma!r}; a number from 0 to {MAX_GAMMA} is needed.")
    floored = np.maximum(np.asarray(hubness, dtype=np.float64), FLOOR)
    return np.asarray(floored**-gamma)

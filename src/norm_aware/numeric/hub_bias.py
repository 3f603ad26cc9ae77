"""Query-bank hub bias: what a document gains on any query is subtracted from its score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CSLS_NEAREST = 10
"""Neighbours in CSLS."""

NNN_NEAREST = 16
"""Neighbours in NNN for skewed banks; 8 to 16 in its paper."""

CSLS_WEIGHT = 0.5
"""CSLS is `2 cos - r_Q - r_D`: halved, and without the constant of the query, `cos - r_D / 2`."""


def hub_bias(nearest: ArrayLike, *, weight: float) -> NDArray[np.float64]:
    """The number added to a document's cosine: minus `weight` times how near it is to queries of a bank.

    Weight 1/2 and 10 neighbours rank as CSLS does (Conneau et al. 2018, arXiv:1710.04087); weights .25 to
    .5 with 8 to 16 neighbours are nearest-neighbour normalisation, NNN (Chowdhury et al. 2024,
    arXiv:2410.24114). The bank is of real queries, judged or not.

    Args:
        nearest: mean similarity to the nearest queries (`mean_nearest`), shape (documents,).
        weight: 0 leaves every score as it is.

    Returns:
        Shape (documents,).

    Example:
        >>> hub_bias([0.25, 0.5], weight=0.5).tolist()
        [-0.125, -0.25]
    """
    return np.asarray(-weight * np.asarray(nearest, dtype=np.float64))

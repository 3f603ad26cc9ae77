"""When the best candidates of every norm range are certainly the best documents.

Within a range, a document outside the candidates has at most the last candidate's dot. At a given norm the
dot fixes the cosine, and no similarity falls as the cosine rises: so the dot and the range's edges bound
what any document outside can score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.similarity import PowerSimilarity, Similarity

_COSINE_ROUNDING = 2e-6  # of a float32 inner product, as a part of both lengths: some ten times what is usual
_SCORE_ROUNDING = 1e-6  # of a float32 score, as a part of itself
_CELLS = 16  # parts a range is cut into where the bound has no closed form


def highest_outside(
    similarity: Similarity,
    last: float,
    low: float,
    high: float,
    *,
    query_norm: float,
    stored_power: float = 1.0,
) -> float:
    """The most that a document of a norm range can score if it is not among the range's candidates.

    Args:
        similarity: what is searched by.
        last: dot of the range's last candidate with the query at unit length; no document outside has more.
        low: the range's lower edge, at least 0.
        high: its upper edge; infinite where there is none.
        query_norm: length of the raw query embedding.
        stored_power: the power of the norm that stored vectors have as their length.

    Returns:
        An upper bound with room for float32's rounding; infinite where none is known.

    Example:
        >>> from norm_aware import COSINE
        >>> round(highest_outside(COSINE, 1.0, 2.0, 4.0, query_norm=1.0), 4)  # 1 = 2 * 0.5
        0.5
    """
    if np.isinf(high):
        return float(np.inf)
    rounding = _COSINE_ROUNDING if query_norm > 0 else 0.0  # every dot of a zero query is exactly 0
    if isinstance(similarity, PowerSimilarity):
        bound = _of_power(similarity.document_power, last, low, high, stored_power, rounding)
        return bound * float(similarity.query_factor(query_norm))
    ends = np.linspace(low, high, _CELLS + 1)
    cosines = _cosines(last, ends, stored_power)
    highest = np.minimum(1, np.maximum(cosines[:-1], cosines[1:]) + rounding)  # monotone in between
    return float(similarity.upper_bound(highest, query_norm, ends[:-1], ends[1:]).max())


def is_beaten(bound: float, worst: float) -> bool:
    """Whether nothing below a bound can enter an answer whose worst document scores `worst`."""
    return bound <= worst - _SCORE_ROUNDING * max(abs(worst), abs(bound))


def _of_power(power: float, last: float, low: float, high: float, stored: float, rounding: float) -> float:
    """The maximum of `cosine * norm**power`: at an end, or at the norm where the cosine reaches 1."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        reached = np.power(abs(last), 1 / stored) if stored and last else low
        norms = np.array([low, high, np.clip(reached, low, high)])
        scores = _cosines(last, norms, stored) * norms**power
        return float(scores.max() + rounding * (norms**power).max()) if rounding else float(scores.max())


def _cosines(last: float, norms: NDArray[np.float64], stored: float) -> NDArray[np.float64]:
    """The cosines that documents of these norms have at a given dot."""
    if last == 0:
        return np.zeros_like(norms)
    with np.errstate(over="ignore", divide="ignore"):
        return np.clip(last * norms**-stored, -1, 1)

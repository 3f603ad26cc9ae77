"""Word-rotator style similarity: the gap between the norms and the angle (You 2025, arXiv:2504.16318)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.similarity import LARGEST, FloatArray, Similarity, settle, spell


@dataclass(frozen=True, slots=True)
class WordRotatorSimilarity(Similarity):
    """`-(|query_norm - document_norm| + weight * angle)`, the angle in radians.

    You ("Semantics at an Angle", arXiv:2504.16318) writes the distance without the bars; without them it
    would be no distance. It is not the Word Rotator's Distance of Yokoi et al. (EMNLP 2020,
    arXiv:2004.15003), an optimal transport between the words of two texts. As a retriever it prefers the
    documents whose norm equals the query's, for which there is no theory: it belongs to symmetric tasks,
    and the unit of the norms decides what `weight` means.

    It is not linear in the cosine and Qdrant's formula has no arccos, so it rescores what another
    similarity retrieved. A pair with a zero vector counts as being at a right angle.

    Args:
        weight: of a radian, at least 0, in units of the norm.

    Raises:
        QueryError: when the weight is not a number from 0 to 1e9.

    Example:
        >>> float(WordRotatorSimilarity(2.0).score(1.0, query_norm=3.0, document_norm=4.0))
        -1.0
    """

    kind: ClassVar[str] = "word_rotator"

    weight: float

    def __post_init__(self) -> None:
        settle(self, "weight", low=0, high=LARGEST)

    @property
    def name(self) -> str:
        """`word_rotator` and the weight."""
        return spell(self.kind, self)

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs; see `Similarity.score`. Cosines that rounding took out of [-1, 1] are put back."""
        angle = np.arccos(np.clip(np.asarray(cosine, dtype=np.float64), -1, 1))
        gap = np.abs(np.subtract(query_norm, document_norm, dtype=np.float64))
        return np.asarray(-(gap + self.weight * angle))

    def upper_bound(
        self, cosine: ArrayLike, query_norm: float, low: ArrayLike, high: ArrayLike
    ) -> FloatArray:
        """The score of the norm nearest to the query's; see `Similarity.upper_bound`."""
        return self.score(cosine, query_norm, np.clip(query_norm, low, high))

"""Euclidean similarity: minus the distance between the raw embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.similarity import FloatArray, Similarity, spell


@dataclass(frozen=True, slots=True)
class EuclideanSimilarity(Similarity):
    """Minus the Euclidean distance, `-sqrt(query_norm**2 + document_norm**2 - 2 * dot)`.

    For one query it ranks as `dot - document_norm**2 / 2`: the inner product with a growing price on long
    documents, so which documents win depends on how long the query is, unlike in the power family. With
    norms that hardly vary it is cosine. Karpukhin et al. (DPR, arXiv:2004.04906, section 5.2) found an
    encoder trained with it as good as one trained with dot, and both better than cosine; on an encoder
    trained otherwise its norms need not lie where a distance makes sense.

    A pair with a zero vector scores minus the other's norm.

    Example:
        >>> float(EuclideanSimilarity().score(0.0, query_norm=3.0, document_norm=4.0))
        -5.0
    """

    kind: ClassVar[str] = "euclidean"

    @property
    def name(self) -> str:
        """`euclidean`."""
        return spell(self.kind, self)

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs; see `Similarity.score`."""
        query = np.asarray(query_norm, dtype=np.float64)
        document = np.asarray(document_norm, dtype=np.float64)
        # the law of cosines as a sum of two squares, which does not cancel for vectors that nearly agree
        turned = 2 * query * document * np.maximum(0, 1 - np.asarray(cosine, dtype=np.float64))
        return np.asarray(-np.sqrt((query - document) ** 2 + turned))

    def upper_bound(
        self, cosine: ArrayLike, query_norm: float, low: ArrayLike, high: ArrayLike
    ) -> FloatArray:
        """The nearest a document can be, where its direction is right at `query_norm * cosine`."""
        nearest = np.clip(np.multiply(query_norm, cosine, dtype=np.float64), low, high)
        return self.score(cosine, query_norm, nearest)

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The norm, and minus its square; see `Similarity.document_terms`."""
        document = np.array(document_norm, dtype=np.float64)
        return document, -(document**2)

    def query_factor(self, query_norm: ArrayLike) -> FloatArray:
        """`2 * query_norm`."""
        return np.asarray(2 * np.asarray(query_norm, dtype=np.float64))

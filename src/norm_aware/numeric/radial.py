"""Radially weighted angle: the cosine times a confidence read off the document's norm (You 2025)."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.similarity import FloatArray, Similarity, settle, spell
from norm_aware.numeric.standard_norm import SMALLEST_SCALE, norm_mean_and_scale, standard_norm


@dataclass(frozen=True, slots=True)
class RadialSimilarity(Similarity):
    """`cosine * g(document_norm)` with `g` a logistic curve, `1 / (1 + exp(-slope * z(document_norm)))`.

    You ("Semantics at an Angle", arXiv:2504.16318) names radially weighted angles, which "modulate cosine
    scores using norm-based confidence weights", and gives no equation. The curve here lies between 0 and
    1, half at the mean norm, and saturates, so that one very long document cannot win by length alone.
    The other natural `g` is a power of the norm, `PowerSimilarity`, which does not saturate.

    The sign of `slope` is the encoder's and the data's: it must be fitted, never assumed. Slope 0 ranks
    as cosine. Where the cosine is negative a larger `g` moves a document down. A pair with a zero vector
    scores 0.

    Args:
        slope: of the curve, per standard deviation of the norm; above 0 favours long documents.
        norm_mean: mean norm of documents.
        norm_scale: standard deviation of documents' norms, above 0.

    Raises:
        QueryError: when a number is out of its range.

    Example:
        >>> similarity = RadialSimilarity.fit(1.0, document_norms=[1.0, 3.0])
        >>> float(similarity.score(0.5, query_norm=7.0, document_norm=2.0))
        0.25
    """

    kind: ClassVar[str] = "radial"

    slope: float
    _: KW_ONLY
    norm_mean: float
    norm_scale: float

    def __post_init__(self) -> None:
        settle(self, "slope", such_as="0 (cosine)")
        settle(self, "norm_mean")
        settle(self, "norm_scale", low=SMALLEST_SCALE, such_as="the standard deviation")

    @classmethod
    def fit(cls, slope: float, document_norms: ArrayLike) -> RadialSimilarity:
        """The similarity whose mean and standard deviation are those of given norms.

        Args:
            slope: of the curve, per standard deviation.
            document_norms: lengths of raw document embeddings, at least one; a sample will do.

        Raises:
            QueryError: when there is no norm, or one that cannot be a length.
        """
        mean, scale = norm_mean_and_scale(document_norms, of="documents")
        return cls(slope, norm_mean=mean, norm_scale=scale)

    @property
    def name(self) -> str:
        """`radial` and every field."""
        return spell(self.kind, self)

    def confidence(self, document_norm: ArrayLike) -> FloatArray:
        """The weight `g` of documents by their norm, from 0 to 1."""
        x = self.slope * standard_norm(document_norm, self.norm_mean, self.norm_scale)
        return np.asarray(np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))))  # no exponent above 0

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs; see `Similarity.score`."""
        scores = np.asarray(cosine, dtype=np.float64) * self.confidence(document_norm)
        return np.array(np.broadcast_arrays(scores, query_norm)[0])  # whose norm plays no part

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The confidence and no offset; see `Similarity.document_terms`."""
        slope = self.confidence(document_norm)
        return slope, np.zeros_like(slope)

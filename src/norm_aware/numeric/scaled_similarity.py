"""Scaled similarity: a weighted sum of the cosine and both norms (You 2025, arXiv:2504.16318)."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.numeric.similarity import FloatArray, Similarity, settle, spell
from norm_aware.numeric.standard_norm import SMALLEST_SCALE, norm_mean_and_scale, standard_norm


@dataclass(frozen=True, slots=True)
class ScaledSimilarity(Similarity):
    """`alpha * cosine + (1 - alpha) * (z(query_norm) + z(document_norm))`, z in standard deviations.

    You ("Semantics at an Angle", arXiv:2504.16318) adds raw norms, which mixes units: a cosine lies in
    [-1, 1], a norm where the encoder puts it, so that 1 - alpha would mean something else for every
    encoder. Here each side's norm is standardised by that side's own mean and standard deviation first.
    The paper gives no alpha and no experiment. The query's term is the same for every document, so a
    query's ranking is that of `alpha * cosine + (1 - alpha) * z(document_norm)`: cosine at alpha 1, the
    norm alone at alpha 0, and already at 0.9 the norm often outweighs what cosines differ by.

    A pair with a zero vector scores its norms' part.

    Args:
        alpha: weight of the cosine, from 0 to 1.
        query_mean: mean norm of queries.
        query_scale: standard deviation of queries' norms, above 0.
        document_mean: mean norm of documents.
        document_scale: standard deviation of documents' norms, above 0.

    Raises:
        QueryError: when a number is out of its range.

    Example:
        >>> similarity = ScaledSimilarity.fit(0.75, query_norms=[2.0], document_norms=[1.0, 3.0])
        >>> float(similarity.score(0.5, query_norm=2.0, document_norm=3.0))
        0.625
    """

    kind: ClassVar[str] = "scaled"

    alpha: float
    _: KW_ONLY
    query_mean: float
    query_scale: float
    document_mean: float
    document_scale: float

    def __post_init__(self) -> None:
        settle(self, "alpha", low=0, high=1, such_as="1 (cosine alone)")
        settle(self, "query_mean", "document_mean")
        settle(self, "query_scale", "document_scale", low=SMALLEST_SCALE, such_as="the standard deviation")

    @classmethod
    def fit(cls, alpha: float, query_norms: ArrayLike, document_norms: ArrayLike) -> ScaledSimilarity:
        """The similarity whose means and standard deviations are those of given norms.

        Args:
            alpha: weight of the cosine, from 0 to 1.
            query_norms: lengths of raw query embeddings, at least one; a sample will do.
            document_norms: lengths of raw document embeddings, at least one; a sample will do.

        Raises:
            QueryError: when there is no norm, or one that cannot be a length.
        """
        query_mean, query_scale = norm_mean_and_scale(query_norms, of="queries")
        document_mean, document_scale = norm_mean_and_scale(document_norms, of="documents")
        return cls(
            alpha,
            query_mean=query_mean,
            query_scale=query_scale,
            document_mean=document_mean,
            document_scale=document_scale,
        )

    @property
    def name(self) -> str:
        """`scaled` and every field."""
        return spell(self.kind, self)

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs; see `Similarity.score`."""
        query = standard_norm(query_norm, self.query_mean, self.query_scale)
        document = standard_norm(document_norm, self.document_mean, self.document_scale)
        cosine = np.asarray(cosine, dtype=np.float64)
        return np.asarray(self.alpha * cosine + (1 - self.alpha) * (query + document))

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """`alpha` and the document norm's part; see `Similarity.document_terms`."""
        document = standard_norm(document_norm, self.document_mean, self.document_scale)
        return np.full_like(document, self.alpha), (1 - self.alpha) * document

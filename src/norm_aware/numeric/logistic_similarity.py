"""Feature augmentation: a logistic scorer over the cosine and both norms (You 2025, arXiv:2504.16318)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.errors import QueryError
from norm_aware.numeric.similarity import FloatArray, Similarity, settle, spell
from norm_aware.numeric.standard_norm import SMALLEST_SCALE, standard_norm

CLIP = 3.0
"""Standard deviations from the mean beyond which a norm counts no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticSimilarity(Similarity):
    """The logit of relevance, linear in the cosine, both norms, and the cosine times the document norm.

    `intercept + cosine * c + query_norm * zq + document_norm * zd + product * c * zd`, where c is the pair's
    cosine and zq, zd its norms in standard deviations from their side's mean, cut off at 3 either way. You
    ("Semantics at an Angle", arXiv:2504.16318) proposes direction and norm as features of a downstream
    scorer; this is the smallest such scorer that can use them.

    The score is the logit, which ranks as the probability does and does not saturate; the probability is
    `1 / (1 + exp(-score))`, and means something only where the coefficients were fitted. The query's term
    is the same for every document and never changes a ranking. A coefficient that was fitted on one
    encoder or corpus need not hold on another.

    A pair with a zero vector scores the logit at cosine 0.

    Args:
        intercept: logit at cosine 0 and mean norms.
        cosine: coefficient of the cosine; at least `3 * |product|`, so that no norm turns it around.
        query_norm: coefficient of the query's standardised norm.
        document_norm: coefficient of the document's standardised norm.
        product: coefficient of the cosine times the document's standardised norm.
        query_mean: mean norm of queries.
        query_scale: standard deviation of queries' norms, above 0.
        document_mean: mean norm of documents.
        document_scale: standard deviation of documents' norms, above 0.

    Raises:
        QueryError: when a number is out of its range, or a higher cosine could score lower.

    Example:
        >>> similarity = LogisticSimilarity(
        ...     intercept=-2.0, cosine=8.0, query_norm=0.0, document_norm=0.5, product=1.0,
        ...     query_mean=3.0, query_scale=1.0, document_mean=2.0, document_scale=0.5,
        ... )
        >>> float(similarity.score(0.5, query_norm=3.0, document_norm=2.5))
        3.0
    """

    kind: ClassVar[str] = "logistic"

    intercept: float
    cosine: float
    query_norm: float
    document_norm: float
    product: float
    query_mean: float
    query_scale: float
    document_mean: float
    document_scale: float

    def __post_init__(self) -> None:
        settle(self, "intercept", "cosine", "query_norm", "document_norm", "product")
        settle(self, "query_mean", "document_mean")
        settle(self, "query_scale", "document_scale", low=SMALLEST_SCALE, such_as="the standard deviation")
        if not self.cosine - CLIP * abs(self.product) >= 0:
            raise QueryError(
                f"With cosine={self.cosine!r} and product={self.product!r} the score is not monotone in the "
                f"cosine: it falls for documents {CLIP:g} deviations from the mean norm. Cosine must "
                f"be at least {CLIP:g} times the size of product; fit anew with that, or without product."
            )

    @property
    def name(self) -> str:
        """`logistic` and every field."""
        return spell(self.kind, self)

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Logits of pairs; see `Similarity.score`."""
        query = np.clip(standard_norm(query_norm, self.query_mean, self.query_scale), -CLIP, CLIP)
        slope, offset = self.document_terms(document_norm)
        constant = self.intercept + self.query_norm * query
        return np.asarray(np.asarray(cosine, dtype=np.float64) * slope + (offset + constant))

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """What a document's norm makes of the cosine, and adds; see `Similarity.document_terms`."""
        document = np.clip(standard_norm(document_norm, self.document_mean, self.document_scale), -CLIP, CLIP)
        return np.asarray(self.cosine + self.product * document), np.asarray(self.document_norm * document)

    def explain(self) -> str:
        """The scorer in one sentence, with its coefficients."""
        return (
            f"The logit of relevance is {self.intercept:.3g} {self.cosine:+.3g} * cosine "
            f"{self.query_norm:+.3g} * zq {self.document_norm:+.3g} * zd {self.product:+.3g} * cosine * zd, "
            f"where zq and zd are the query's and the document's norm in standard deviations from the mean "
            f"({self.query_mean:.3g} ± {self.query_scale:.3g} and {self.document_mean:.3g} ± "
            f"{self.document_scale:.3g}), cut off at {CLIP:g} either way."
        )

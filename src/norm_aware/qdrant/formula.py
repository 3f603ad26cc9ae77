"""Similarities as Qdrant formulas over the dot and the norm, and the dot back from a formula's score.

Only sums, products, powers, roots, exponentials and absolute values are used, which every server with
formula queries has; its minimum and maximum came later. Nothing in a formula may be infinite or a root of
a negative number, since one such point would fail the whole query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.logistic_similarity import CLIP, LogisticSimilarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import PowerSimilarity, Similarity

_TINY = 1e-12  # added to a norm so that no power divides by zero; far below float32's resolution
_LOST = 1e-4  # a cosine that moves a float32 score by less than this part of it cannot be read back
_SMALLEST = 1e-30  # nor one that moves it by so little that float32 runs out of digits


def to_formula(
    similarity: Similarity, *, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    """The formula by which Qdrant computes a similarity's scores.

    Args:
        similarity: any but the word-rotator style one.
        query_norm: length of the raw query embedding.
        dot: inner product of the raw document and the query at *unit length*, which is how it is sent:
            `$score` of a Dot prefetch.
        norm: payload key of the document's norm.

    Returns:
        An expression equal to `similarity.score` up to float32's rounding of the dot.

    Raises:
        QueryError: when Qdrant's formula cannot compute the similarity.

    Example:
        >>> from norm_aware import COSINE
        >>> formula = to_formula(COSINE, query_norm=2.0, dot="$score", norm="norm")
        >>> formula.mult[1]
        '$score'
    """
    formula = _FORMULAS.get(type(similarity))
    if formula is None:
        kinds = ", ".join(kind.__name__ for kind in _FORMULAS)
        raise QueryError(
            f"Qdrant's formula cannot compute {similarity}, only a {kinds}; retrieve with one of those, such "
            "as cosine or dot, and rescore with NormAwareRerank."
        )
    return formula(similarity, query_norm, dot, norm)


def to_raw_dot(dot: models.Expression, *, norm: str, stored_power: float) -> models.Expression:
    """The inner product of the raw document, from that of a vector of length `norm**stored_power`."""
    return dot if stored_power == 1 else _product(dot, _norm_to(1 - stored_power, norm))


def recover_dots(
    similarity: Similarity, scores: ArrayLike, *, query_norm: float, document_norms: ArrayLike
) -> NDArray[np.float64]:
    """The inner products of the raw embeddings, from the scores that a similarity's formula gave them.

    Args:
        similarity: as in `to_formula`.
        scores: what Qdrant returned, without any offset of a point.
        query_norm: length of the raw query embedding.
        document_norms: lengths of the raw document embeddings, of the scores' shape.

    Returns:
        Inner products of the scores' shape, to what float32 scores keep of them; 0 where a score hardly
        depends on it, as at alpha 0 of `ScaledSimilarity`, and for zero vectors.
    """
    scores = np.asarray(scores, dtype=np.float64)
    lengths = query_norm * np.asarray(document_norms, dtype=np.float64)
    if isinstance(similarity, EuclideanSimilarity):
        squares = query_norm**2 + np.square(document_norms, dtype=np.float64)
        return np.asarray(np.clip((squares - scores**2) / 2, -lengths, lengths))
    # every other formula is linear in the cosine
    across = similarity.score(0.0, query_norm, document_norms)
    span = similarity.score(1.0, query_norm, document_norms) - across
    kept = span > np.maximum(_LOST * np.abs(across), _SMALLEST)
    cosines = np.divide(scores - across, span, out=np.zeros_like(span), where=kept)
    return np.asarray(np.clip(cosines, -1, 1) * lengths)


def _power(
    similarity: PowerSimilarity, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    return _product(
        float(similarity.query_factor(query_norm)), dot, _norm_to(similarity.document_power - 1, norm)
    )


def _scaled(
    similarity: ScaledSimilarity, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    weight = 1 - similarity.alpha
    document = _standard(norm, similarity.document_mean, similarity.document_scale)
    query = float(similarity.score(0.0, query_norm, similarity.document_mean))
    return _sum(_product(similarity.alpha, _cosine(dot, norm)), _product(weight, document), query)


def _radial(
    similarity: RadialSimilarity, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    x = _product(similarity.slope, _standard(norm, similarity.norm_mean, similarity.norm_scale))
    size = models.AbsExpression(abs=x)
    # min(x, 0) is half of x - |x|: no exponent is above 0, so none overflows
    rise = models.ExpExpression(exp=_product(0.5, _sum(x, models.NegExpression(neg=size))))
    room = _sum(1.0, models.ExpExpression(exp=models.NegExpression(neg=size)))
    return _product(_cosine(dot, norm), rise, _to(-1.0, room))


def _euclidean(
    similarity: EuclideanSimilarity, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    square = _sum(query_norm**2, _product(norm, norm), _product(-2 * query_norm, dot))
    # rounding may leave a little less than 0 of a document that is the query: max(x, 0) is half of x + |x|
    positive = _product(0.5, _sum(square, models.AbsExpression(abs=square)))
    return models.NegExpression(neg=models.SqrtExpression(sqrt=positive))


def _logistic(
    similarity: LogisticSimilarity, query_norm: float, dot: models.Expression, norm: str
) -> models.Expression:
    z = _standard(norm, similarity.document_mean, similarity.document_scale)
    # half of |z + c| - |z - c| is z between -c and c, and the nearer of the two beyond
    document = _product(
        0.5,
        _sum(
            models.AbsExpression(abs=_sum(z, CLIP)),
            models.NegExpression(neg=models.AbsExpression(abs=_sum(z, -CLIP))),
        ),
    )
    slope = _sum(similarity.cosine, _product(similarity.product, document))
    query = float(similarity.score(0.0, query_norm, similarity.document_mean))
    return _sum(_product(_cosine(dot, norm), slope), _product(similarity.document_norm, document), query)


_FORMULAS: dict[type[Similarity], Callable[[Any, float, models.Expression, str], models.Expression]] = {
    PowerSimilarity: _power,
    ScaledSimilarity: _scaled,
    EuclideanSimilarity: _euclidean,
    RadialSimilarity: _radial,
    LogisticSimilarity: _logistic,
}


def _cosine(dot: models.Expression, norm: str) -> models.Expression:
    return _product(dot, _norm_to(-1.0, norm))


def _standard(norm: str, mean: float, scale: float) -> models.Expression:
    return _product(_sum(norm, -mean), 1 / scale)


def _norm_to(exponent: float, norm: str) -> models.Expression:
    return _to(exponent, _sum(norm, _TINY))


def _to(exponent: float, base: models.Expression) -> models.Expression:
    return models.PowExpression(pow=models.PowParams(base=base, exponent=exponent))


def _product(*factors: models.Expression) -> models.Expression:
    return models.MultExpression(mult=list(factors))


def _sum(*summands: models.Expression) -> models.Expression:
    return models.SumExpression(sum=list(summands))

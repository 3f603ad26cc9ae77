"""Norm against text length: the confounder that most claims about norms have to pass.

A norm often measures how long a text is: mean pooling over more tokens shortens it, a model tuned for dot
tends to lengthen it. What the norm then says about relevance, length says as well, and an independent
control of one published gain found exactly that. So a norm is judged beside length, never alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.geometry.correlation import partial_correlation, pearson, spearman


@dataclass(frozen=True, slots=True)
class LengthRelation:
    """How norms go with text lengths.

    Attributes:
        pearson: straight-line correlation.
        spearman: correlation of the ranks.
    """

    pearson: float
    spearman: float


@dataclass(frozen=True, slots=True)
class RelevanceRelation:
    """How norms go with relevance, before and after text length is accounted for.

    Attributes:
        plain: correlation of norm and relevance (0 or 1).
        given_length: the same with log length held fixed; near 0 where length explains the norm's part.
    """

    plain: float
    given_length: float


def length_relation(norms: ArrayLike, lengths: ArrayLike) -> LengthRelation:
    """Correlate norms with text lengths.

    Args:
        norms: shape (documents,), at least 3.
        lengths: length of each text in any unit (words, tokens, characters), shape (documents,).

    Returns:
        Both correlations.

    Raises:
        EmbeddingError: when norms or lengths do not vary.

    Example:
        >>> length_relation([3.0, 2.0, 1.0], [10, 20, 30]).pearson
        -1.0
    """
    of = ("norms", "text lengths")
    return LengthRelation(pearson(norms, lengths, of=of), spearman(norms, lengths, of=of))


def relevance_given_length(norms: ArrayLike, lengths: ArrayLike, relevant: ArrayLike) -> RelevanceRelation:
    """Correlate norms with relevance, with the logarithm of text length held fixed.

    Args:
        norms: shape (documents,), at least 3.
        lengths: at least 0, shape (documents,).
        relevant: whether some query's judgements name the document, shape (documents,), bool.

    Returns:
        The correlation without and with length held fixed.

    Raises:
        EmbeddingError: when norms, lengths or relevance do not vary.
    """
    judged = np.asarray(relevant, dtype=np.float64)
    logs = np.log1p(np.asarray(lengths, dtype=np.float64))
    of = ("norms", "judgements of relevance", "text lengths")
    return RelevanceRelation(
        pearson(norms, judged, of=of[:2]), partial_correlation(norms, judged, given=logs, of=of)
    )

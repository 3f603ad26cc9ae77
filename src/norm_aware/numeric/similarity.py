"""A similarity as a function of three numbers: cosine, query norm, document norm.

Qdrant's Dot score and the two norms give the cosine back, `cosine = dot / (query_norm * document_norm)`,
so any similarity here can be computed for any hit without its vector.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import QueryError

FloatArray: TypeAlias = NDArray[np.float64]


class Similarity(ABC):
    """How alike a query and a document are, from their cosine and their two norms.

    A frozen, hashable value. Retrieval, reranking and measurement all take the same object.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The words that `parse` turns back into this similarity."""

    @abstractmethod
    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs by their cosine and norms; the arguments broadcast as numpy arrays do.

        Args:
            cosine: cosines in [-1, 1]; 0 where either vector is zero.
            query_norm: lengths of the raw query embeddings, at least 0.
            document_norm: lengths of the raw document embeddings, at least 0.

        Returns:
            float64 scores of the broadcast shape; higher is more alike. Zero and negative scores are
            ordinary scores. A pair with a zero vector has no direction to compare and scores 0.
        """

    def from_dot(self, dot: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs by their inner product, as a Dot collection returns it, and their norms.

        Args:
            dot: inner products of the raw embeddings.
            query_norm: as in `score`.
            document_norm: as in `score`.

        Returns:
            The same scores as `score` of the cosines.
        """
        lengths = np.multiply(query_norm, document_norm, dtype=np.float64)
        dot = np.asarray(dot, dtype=np.float64)
        shape = np.broadcast_shapes(dot.shape, lengths.shape)
        cosine = np.divide(dot, lengths, out=np.zeros(shape), where=np.broadcast_to(lengths > 0, shape))
        return self.score(cosine, query_norm, document_norm)

    def __str__(self) -> str:
        return self.name


MAX_POWER = 16.0
"""Largest power of a norm, either way; beyond it scores leave float32's range."""


@dataclass(frozen=True, slots=True)
class PowerSimilarity(Similarity):
    """The power family `cosine * query_norm**query_power * document_norm**document_power`.

    Dot is (1, 1), cosine (0, 0). A query's own norm never changes its ranking; `document_power` does:
    0 ignores document length, 1 is the inner product, a negative power favours short vectors.
    In the learnable normalisation of Feng & Watanabe (arXiv:2602.09229, eq. 7) gamma = 1 - power.

    Example:
        >>> float(PowerSimilarity(document_power=0.5).score(0.5, query_norm=3.0, document_norm=4.0))
        1.0

    Raises:
        QueryError: when a power is not a number from -16 to 16.
    """

    query_power: float = 0.0
    document_power: float = 0.0

    def __post_init__(self) -> None:
        for field in ("query_power", "document_power"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, Real) or not abs(float(value)) <= MAX_POWER:
                raise QueryError(
                    f"{field} is {value!r}; a number from -{MAX_POWER:g} to {MAX_POWER:g} is needed, "
                    "such as 0 (cosine) or 1 (dot)."
                )
            object.__setattr__(self, field, float(value))

    @property
    def name(self) -> str:
        """`cosine`, `dot`, or the powers that are not zero."""
        for name, similarity in NAMED.items():
            if similarity == self:
                return name
        document = f"document_power={self.document_power!r}"
        return document if self.query_power == 0 else f"query_power={self.query_power!r} {document}"

    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs; see `Similarity.score`."""
        product = np.asarray(cosine, dtype=np.float64) * _power(query_norm, self.query_power)
        return np.asarray(product * _power(document_norm, self.document_power), dtype=np.float64)


def _power(norm: ArrayLike, power: float) -> FloatArray:
    """`norm**power`, and 0 for a zero norm whatever the power, since a zero vector scores 0."""
    norm = np.asarray(norm, dtype=np.float64)
    return np.asarray(np.power(norm, power, out=np.zeros_like(norm), where=norm > 0))


COSINE = PowerSimilarity(query_power=0, document_power=0)
"""The angle alone; what most stacks use without saying so."""

DOT = PowerSimilarity(query_power=1, document_power=1)
"""The inner product of the raw embeddings."""

QUERY_NORMALIZED = PowerSimilarity(query_power=0, document_power=1)
"""The query at unit length, the document raw ("QNorm"): ranks as `DOT` does."""

DOCUMENT_NORMALIZED = PowerSimilarity(query_power=1, document_power=0)
"""The query raw, the document at unit length ("DNorm"): ranks as `COSINE` does."""

NAMED = {
    "cosine": COSINE,
    "dot": DOT,
    "query_normalized": QUERY_NORMALIZED,
    "document_normalized": DOCUMENT_NORMALIZED,
}

_POWER = re.compile(r"(query_power|document_power)=(\S+)")


def parse_similarity(text: str | Similarity) -> Similarity:
    """The similarity that a word names, for settings and the command line.

    Args:
        text: `cosine`, `dot`, `query_normalized`, `document_normalized`, `document_power=0.5`, or
            `query_power=1 document_power=0.5`. A `Similarity` is returned as it is.

    Raises:
        QueryError: when the text names no similarity.

    Example:
        >>> parse_similarity("document_power=0.5")
        PowerSimilarity(query_power=0.0, document_power=0.5)
    """
    if isinstance(text, Similarity):
        return text
    if not isinstance(text, str):
        raise QueryError(f"{text!r} names no similarity; give a name such as 'cosine', or a Similarity.")
    words = text.split()
    if len(words) == 1 and words[0] in NAMED:
        return NAMED[words[0]]
    powers: dict[str, float] = {}
    for word in words:
        match = _POWER.fullmatch(word)
        try:
            if match is None or match[1] in powers:
                raise ValueError
            powers[match[1]] = float(match[2])
        except ValueError:
            powers.clear()
            break
    if not powers:
        raise QueryError(
            f"No similarity is named {text!r}; use {', '.join(NAMED)}, or document_power=NUMBER."
        )
    return PowerSimilarity(**powers)

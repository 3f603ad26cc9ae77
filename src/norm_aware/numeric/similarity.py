"""A similarity as a function of three numbers: cosine, query norm, document norm.

Qdrant's Dot score and the two norms give the cosine back, `cosine = dot / (query_norm * document_norm)`,
so any similarity here can be computed for any hit without its vector.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

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
        """The words that `parse_similarity` turns back into this similarity."""

    @abstractmethod
    def score(self, cosine: ArrayLike, query_norm: ArrayLike, document_norm: ArrayLike) -> FloatArray:
        """Score pairs by their cosine and norms; the arguments broadcast as numpy arrays do.

        Args:
            cosine: cosines in [-1, 1]; 0 where either vector is zero.
            query_norm: lengths of the raw query embeddings, at least 0.
            document_norm: lengths of the raw document embeddings, at least 0.

        Returns:
            float64 scores of the broadcast shape; higher is more alike, and never lower for a higher
            cosine of the same norms. Zero and negative scores are ordinary scores. A pair with a
            zero vector has no direction to compare: its cosine counts as 0, and each class says what the
            pair then scores.
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

    def upper_bound(
        self, cosine: ArrayLike, query_norm: float, low: ArrayLike, high: ArrayLike
    ) -> FloatArray:
        """The most a document can score of which only the norm's range and a highest cosine are known.

        Args:
            cosine: no document's cosine is above it.
            query_norm: length of the raw query embedding.
            low: no document is shorter.
            high: no document is longer.

        Returns:
            Bounds of the broadcast shape: the larger score of both ends, which is right where the score
            rises or falls throughout with the norm; a similarity that peaks in between says so itself.
        """
        return np.maximum(self.score(cosine, query_norm, low), self.score(cosine, query_norm, high))

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """What to store of documents so that one inner product ranks them as this similarity does.

        For any one query, `query_factor(query_norm) * cosine * slope + offset` ranks documents as `score`
        does: a stored vector of length `slope` along the document, and one additive number.

        Args:
            document_norm: lengths of the raw document embeddings, at least 0.

        Returns:
            Slopes, at least 0, and offsets, both of the norms' shape.

        Raises:
            QueryError: when the similarity is not linear in the cosine, so that no such numbers exist.
        """
        raise QueryError(
            f"{self} is not linear in the cosine, so no stored vector ranks as it does; retrieve with a "
            "similarity that is, such as cosine or dot, and rescore with NormAwareRerank."
        )

    def query_factor(self, query_norm: ArrayLike) -> FloatArray:
        """What the stored `slope` is multiplied with for a query, see `document_terms`.

        Args:
            query_norm: lengths of the raw query embeddings, at least 0.

        Returns:
            Factors of the norms' shape, at least 0; 1 unless a similarity says otherwise.
        """
        return np.ones_like(np.asarray(query_norm, dtype=np.float64))

    def __str__(self) -> str:
        return self.name


LARGEST = 1e9
"""Largest number a similarity takes as a coefficient, either way; no score can overflow with it."""


def settle(
    similarity: Similarity, *fields: str, low: float = -LARGEST, high: float = LARGEST, such_as: str = ""
) -> None:
    """Make fields of a frozen similarity plain floats, as its constructor does before anything else.

    Raises:
        QueryError: when one is not a number from `low` to `high`; `such_as` ends the sentence.
    """
    for field in fields:
        value: Any = getattr(similarity, field)
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            advice = f", such as {such_as}" if such_as else ""
            raise QueryError(f"{field} is {value!r}; a number from {low:g} to {high:g} is needed{advice}.")
        object.__setattr__(similarity, field, float(value))


def spell(kind: str, similarity: Any) -> str:
    """A similarity's name: its kind and every field, as in `word_rotator weight=1.0`."""
    fields = dataclasses.fields(similarity)
    return " ".join([kind, *(f"{field.name}={getattr(similarity, field.name)!r}" for field in fields)])


MAX_POWER = 16.0
"""Largest power of a norm, either way; beyond it scores leave float32's range."""


@dataclass(frozen=True, slots=True)
class PowerSimilarity(Similarity):
    """The power family `cosine * query_norm**query_power * document_norm**document_power`.

    Dot is (1, 1), cosine (0, 0). A query's own norm never changes its ranking; `document_power` does:
    0 ignores document length, 1 is the inner product, a negative power favours short vectors.
    In the learnable normalisation of Feng & Watanabe (arXiv:2602.09229, eq. 7) gamma = 1 - power.
    A pair with a zero vector scores 0 whatever the powers.

    Example:
        >>> float(PowerSimilarity(document_power=0.5).score(0.5, query_norm=3.0, document_norm=4.0))
        1.0

    Raises:
        QueryError: when a power is not a number from -16 to 16.
    """

    query_power: float = 0.0
    document_power: float = 0.0

    def __post_init__(self) -> None:
        settle(
            self,
            "query_power",
            "document_power",
            low=-MAX_POWER,
            high=MAX_POWER,
            such_as="0 (cosine) or 1 (dot)",
        )

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

    def document_terms(self, document_norm: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """`document_norm**document_power` and no offset; see `Similarity.document_terms`."""
        slope = _power(document_norm, self.document_power)
        return slope, np.zeros_like(slope)

    def query_factor(self, query_norm: ArrayLike) -> FloatArray:
        """`query_norm**query_power`."""
        return _power(query_norm, self.query_power)


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

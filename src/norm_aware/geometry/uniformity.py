"""How evenly the cosines of unrelated pairs are spread, about the value they would all have at best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DatasetError, EmbeddingError
from norm_aware.geometry.norms import require_matrix, require_one_dimension
from norm_aware.geometry.separation import relevant_documents
from norm_aware.numeric.moments import Moments
from norm_aware.numeric.transform import directions


@dataclass(frozen=True, slots=True)
class Uniformity:
    """The cosines of negative pairs.

    Attributes:
        mean: their mean.
        variance: their variance.
        target: -1 / (n - 1), which all would have if n directions repelled each other evenly.
        pairs: how many pairs were counted.
    """

    mean: float
    variance: float
    target: float
    pairs: int

    @property
    def bias(self) -> float:
        """How far the mean lies above the target."""
        return self.mean - self.target

    @property
    def penalty(self) -> float:
        """Mean squared distance from the target, variance plus bias squared: Lee et al.'s loss L_VRNS."""
        return self.variance + self.bias**2


def uniformity(
    documents: ArrayLike,
    *,
    queries: ArrayLike | None = None,
    judgements: Sequence[Mapping[int, float]] | None = None,
) -> Uniformity:
    """Mean and variance of negative-pair cosines about -1 / (n - 1) (Lee et al., arXiv:2506.09781, def. 5.7).

    Exact and in closed form, without a pair being looked at: the sum of all squared cosines is the inner
    product of the two sides' second moments.

    Args:
        documents: shape (documents, dimension).
        queries: shape (queries, dimension); with judgements the pairs are queries with documents that are
            not relevant to them, otherwise documents with other documents.
        judgements: for each query, the grade of each judged document by its position; relevant above 0.

    Returns:
        The two moments; zero vectors have no cosine and do not count.

    Raises:
        DimensionError: when queries and documents differ in dimension.
        EmbeddingError: when there is no negative pair, or numbers are not finite.
        DatasetError: when judgements do not fit the queries and documents.
    """
    matrix = require_matrix(documents, of="documents", least=2)
    second = _moments(matrix)
    if queries is None or judgements is None:
        n = second.count
        return _uniformity(
            n * (n - 1),
            n**2 * float(second.mean @ second.mean) - n,
            n**2 * float((_square(second) ** 2).sum()) - n,
            n,
        )
    bank = require_matrix(queries, of="queries")
    require_one_dimension(bank, matrix)
    if len(judgements) != len(bank):
        raise DatasetError(f"{len(judgements)} queries have judgements and {len(bank)} have embeddings.")
    relevant_documents(judgements, documents=len(matrix))  # refuses what names no document
    first = _moments(bank)
    positive = _positive_cosines(bank, matrix, judgements)
    pairs = first.count * second.count
    return _uniformity(
        pairs - len(positive),
        pairs * float(first.mean @ second.mean) - positive.sum(),
        pairs * float((_square(first) * _square(second)).sum()) - (positive**2).sum(),
        second.count,
    )


def _moments(matrix: NDArray[np.float32]) -> Moments:
    return Moments.of(matrix, sample=len(matrix))  # all of it: the positive pairs are subtracted


def _square(moments: Moments) -> NDArray[np.float64]:
    return np.asarray(moments.covariance + np.outer(moments.mean, moments.mean))


def _positive_cosines(
    queries: NDArray[np.float32],
    documents: NDArray[np.float32],
    judgements: Sequence[Mapping[int, float]],
) -> NDArray[np.float64]:
    found = [np.zeros(0)]
    for query, grades in zip(queries, judgements, strict=True):
        relevant = [document for document, grade in grades.items() if grade > 0]
        if relevant and query.any():
            rows = documents[relevant]
            found.append(directions(rows[rows.any(axis=1)]) @ directions(query[None])[0])
    return np.concatenate(found)


def _uniformity(pairs: int, total: float, squares: float, n: int) -> Uniformity:
    if pairs < 1 or n < 2:
        raise EmbeddingError(
            f"{n} documents have a direction and make {max(pairs, 0)} negative pairs; at least 2 documents "
            "and a pair are needed."
        )
    mean = float(total) / pairs
    return Uniformity(mean, max(0.0, float(squares) / pairs - mean**2), -1 / (n - 1), pairs)

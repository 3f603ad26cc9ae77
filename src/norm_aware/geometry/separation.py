"""How far apart the norms of relevant documents and of the others lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DatasetError, EmbeddingError
from norm_aware.geometry.correlation import require_spread
from norm_aware.numeric.effect_size import auc, cohens_d

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Separation:
    """What a document's norm says about relevance by itself.

    Attributes:
        d: Cohen's d; above 0 relevant documents are longer.
        low: lower end of its 95% bootstrap interval.
        high: upper end.
        auc: chance that a random relevant document is longer than a random other one.
        relevant: documents relevant to some query.
        other: the rest.
    """

    d: float
    low: float
    high: float
    auc: float
    relevant: int
    other: int


def separation(norms: ArrayLike, relevant: ArrayLike, *, seed: int = 0) -> Separation:
    """Cohen's d and AUC of document norms, relevant against other (Feng & Watanabe, arXiv:2602.09229, eq. 8).

    There, |d| under 0.2 is negligible and 0.5 a signal worth using; its sign differs between encoders and
    between datasets, so that neither "longer is better" nor its opposite can be built in.

    Args:
        norms: shape (documents,).
        relevant: whether some query's judgements name the document, shape (documents,), bool.
        seed: of the bootstrap.

    Returns:
        d with its 95% percentile interval over documents drawn with replacement within each group (Efron &
        Tibshirani 1993), and AUC.

    Raises:
        EmbeddingError: when a group has fewer than two documents, or norms do not vary within the groups.
    """
    lengths, chosen = np.asarray(norms, dtype=np.float64), np.asarray(relevant, dtype=bool)
    groups = lengths[chosen], lengths[~chosen]
    if min(len(group) for group in groups) < 2:
        raise EmbeddingError(
            f"{len(groups[0])} documents are relevant to some query and {len(groups[1])} to none; at least 2 "
            "of each are needed to compare their norms."
        )
    require_spread(lengths, of="norms")
    d = cohens_d(*groups)
    if not np.isfinite(d):
        raise EmbeddingError(
            "The norms do not vary within the relevant documents nor within the others, so that their "
            "difference has no scale."
        )
    generator = np.random.default_rng(seed)
    drawn = np.array(
        [cohens_d(*(_resampled(group, generator) for group in groups)) for _ in range(_RESAMPLES)]
    )
    # of a handful of documents a draw may have no spread, and no d
    low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975])
    return Separation(d, float(low), float(high), auc(*groups), len(groups[0]), len(groups[1]))


def _resampled(values: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    return values[generator.integers(len(values), size=len(values))]


def relevant_documents(judgements: Sequence[Mapping[int, float]], *, documents: int) -> NDArray[np.bool_]:
    """Which documents are relevant to some query.

    Args:
        judgements: for each query, the grade of each judged document by its position; relevant above 0.
        documents: how many documents there are.

    Returns:
        Shape (documents,).

    Raises:
        DatasetError: when a position is no document, or a grade is not a finite number.

    Example:
        >>> relevant_documents([{0: 1}, {2: 2, 1: 0}], documents=4).tolist()
        [True, False, True, False]
    """
    relevant = np.zeros(documents, dtype=bool)
    for query, grades in enumerate(judgements):
        if not isinstance(grades, Mapping):
            raise DatasetError(
                f"The judgements of query {query} are {grades!r}; a mapping from the positions of its judged "
                "documents to their grades is needed."
            )
        for document, grade in grades.items():
            if isinstance(document, bool) or not isinstance(document, (int, np.integer)):
                raise DatasetError(
                    f"Query {query} is judged on document {document!r}; name documents by their position, "
                    "counted from 0."
                )
            if not 0 <= document < documents:
                raise DatasetError(
                    f"Query {query} is judged on document {document}; there are {documents} documents, "
                    "counted from 0."
                )
            if not isinstance(grade, Real) or not np.isfinite(float(grade)):
                raise DatasetError(f"Query {query} has the grade {grade!r}; a finite number is needed.")
            relevant[document] |= grade > 0
    return relevant

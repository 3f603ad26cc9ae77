"""Centring and whitening: directions that every document shares, or most of them, are made to count less."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.numeric.moments import Moments, matrix_power
from norm_aware.numeric.transform import Transform

SHRINKAGE = 0.03
"""Share of the mean eigenvalue added to each before a power is taken."""


def fit_centering(documents: Moments, queries: Moments) -> Transform:
    """Subtract each side's own mean (Mu & Viswanath 2018, arXiv:1702.01417, whose first step it is).

    Queries and documents of an encoder stand around different means; subtracting one of them from both
    is much worse than each its own.

    Args:
        documents: moments of document directions.
        queries: moments of query directions, judged or not, or of pseudo-queries.
    """
    return Transform(queries.mean, documents.mean, np.eye(len(documents.mean)))


def fit_whitening(
    documents: Moments, queries: Moments, *, power: float, shrinkage: float = SHRINKAGE
) -> Transform:
    """Centre each side by its mean, then multiply by a power of the documents' covariance.

    A power of -1/2 is whitening (Su et al. 2021, arXiv:2103.15316). Soft powers, -1/8 to -1/4, keep part
    of what the spread of a direction says and are safer: full whitening often hurts.

    Args:
        documents: moments of document directions; a sample will do.
        queries: moments of query directions, judged or not, or of pseudo-queries.
        power: from -1/2 to 0; 0 only centres.
        shrinkage: share of the mean eigenvalue added to each; what makes fewer documents than dimensions
            safe.
    """
    return fit_centering(documents, queries).then(
        matrix_power(documents.covariance, power, shrinkage=shrinkage)
    )


def fit_pair_whitening(
    transform: Transform,
    queries: ArrayLike,
    documents: ArrayLike,
    *,
    power: float,
    weights: ArrayLike | None = None,
    prior: float = 1.0,
    shrinkage: float = SHRINKAGE,
) -> Transform:
    """Whiten also by how judged queries differ from their relevant documents.

    A direction in which a query and what answers it differ much says little about relevance. Relevant
    component analysis (Bar-Hillel et al. 2005, jmlr.org/papers/v6/bar-hillel05a.html; within-class
    covariance normalisation in Hatch et al. 2006) multiplies by the -1/2 power of the covariance of
    these differences; soft powers and a pull towards the identity, the stronger the fewer pairs, make a
    hundred pairs enough.

    Args:
        transform: what comes first; the differences are taken after it.
        queries: raw embeddings of the pairs' queries, shape (pairs, dimension).
        documents: raw embeddings of the documents relevant to them, shape (pairs, dimension).
        power: from -1/2 to 0.
        weights: of the pairs, shape (pairs,), so that a query with many relevant documents counts once.
        prior: how many pairs a dimension the identity is worth.
        shrinkage: as in `fit_whitening`.

    Raises:
        DimensionError: when there are not as many queries as documents.
        EmbeddingError: when there is no pair, or the weights are not one of at least 0 each.
    """
    left, right = transform.queries(queries), transform.documents(documents)
    if left.shape != right.shape:
        raise DimensionError(f"{len(left)} queries and {len(right)} documents are no pairs; give one each.")
    if not len(left):
        raise EmbeddingError("There is no pair of a query and a relevant document to fit on.")
    share = np.ones(len(left)) if weights is None else np.asarray(weights, dtype=np.float64)
    if share.shape != (len(left),) or not share.min() >= 0 or not 0 < share.sum() < np.inf:
        raise EmbeddingError(
            f"{len(left)} pairs have weights of shape {share.shape}; a finite number of at least 0 each, "
            "and one above 0, is needed."
        )
    differences = left.astype(np.float64) - right
    differences -= np.average(differences, axis=0, weights=share)
    covariance = (differences * share[:, None]).T @ differences / share.sum()
    dimension = transform.dimension
    trust = share.sum() / (share.sum() + prior * dimension)
    target = np.eye(dimension) * np.trace(covariance) / dimension
    return transform.then(matrix_power(trust * covariance + (1 - trust) * target, power, shrinkage=shrinkage))

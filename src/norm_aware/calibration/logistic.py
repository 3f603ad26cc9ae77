"""Fits the logistic scorer of feature augmentation so that a higher cosine never scores lower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.logistic_similarity import CLIP, LogisticSimilarity
from norm_aware.numeric.standard_norm import norm_mean_and_scale, standard_norm

_RIDGE = 1e-3  # keeps coefficients finite where relevant documents can be told apart perfectly


def fit_logistic(
    cosine: NDArray[np.floating],
    query_norm: NDArray[np.float64],
    document_norm: NDArray[np.float64],
    *,
    relevant: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> LogisticSimilarity:
    """Weighted logistic regression of relevance on the cosine, both norms and their product.

    The coefficient of the cosine is written as a positive part plus 3 times the size of the product's, so
    that every fit is monotone in the cosine.

    Args:
        cosine: of each pair, shape (pairs,).
        query_norm: raw, of each pair.
        document_norm: raw, of each pair.
        relevant: whether the pair is.
        weights: of each pair, at least 0.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    query_mean, query_scale = norm_mean_and_scale(query_norm, of="queries")
    document_mean, document_scale = norm_mean_and_scale(document_norm, of="documents")
    zq = np.clip(standard_norm(query_norm, query_mean, query_scale), -CLIP, CLIP)
    zd = np.clip(standard_norm(document_norm, document_mean, document_scale), -CLIP, CLIP)
    cosine = np.asarray(cosine, dtype=np.float64)
    # columns: intercept, cosine, zq, zd, product above 0, product below 0
    features = np.stack(
        [np.ones_like(zd), cosine, zq, zd, cosine * (CLIP + zd), cosine * (CLIP - zd)], axis=1
    )
    sign = np.where(relevant, 1.0, -1.0)
    share = weights / weights.sum()

    def loss(coefficients: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (features @ coefficients)
        value = share @ np.logaddexp(0.0, -margin) + _RIDGE * coefficients @ coefficients / 2
        gradient = -(features.T @ (share * sign * expit(-margin))) + _RIDGE * coefficients
        return float(value), gradient

    free, positive = (None, None), (0.0, None)
    found = minimize(
        loss,
        np.zeros(6),
        jac=True,
        method="L-BFGS-B",
        bounds=[free, positive, free, free, positive, positive],
    ).x
    product = float(found[4] - found[5])
    return LogisticSimilarity(
        intercept=float(found[0]),
        cosine=float(found[1]) + CLIP * float(found[4] + found[5]),
        query_norm=float(found[2]),
        document_norm=float(found[3]),
        product=product,
        query_mean=query_mean,
        query_scale=query_scale,
        document_mean=document_mean,
        document_scale=document_scale,
    )

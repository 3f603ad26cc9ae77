"""A probability of relevance for a score: a cutoff that means something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.query_standardization import standardize_scores

_ROUNDING = 1e-12  # share of the squared lengths up to which a variance is float32's rounding


@dataclass(frozen=True, eq=False)
class RelevanceProbability:
    """Turns a score into the share of documents with such a score that were judged relevant.

    Scores of different queries lie on different scales, so each is first counted in standard deviations
    from the mean of its query's scores over the corpus (`standardize_scores`); both follow from the first
    two moments of the stored vectors, without scoring a document. Then comes a rising curve, by
    isotonic regression (Zadrozny & Elkan 2002, doi:10.1145/775047.775151), fitted on queries that the
    scores were not fitted on. Documents nobody judged count as not relevant: where judgements are few, the
    probabilities are too low.

    Attributes:
        mean: of stored vectors and their offsets, shape (dimension + 1,).
        covariance: of the same, shape (dimension + 1, dimension + 1).
        thresholds: standardised scores, rising, shape (steps,).
        probabilities: at these, not falling, shape (steps,).
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def standardized(self, queries: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
        """Scores in standard deviations from their query's mean.

        Args:
            queries: vectors searched with, as `Calibration.queries` gives them, (queries, dimension).
            scores: shape (queries, documents).
        """
        rows = np.asarray(queries, dtype=np.float64)
        asked = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
        variance = np.einsum("ij,jk,ik->i", asked, self.covariance, asked)
        largest = (asked**2).sum(axis=1) * (np.trace(self.covariance) + self.mean @ self.mean)
        deviation = np.sqrt(np.where(variance > _ROUNDING * largest, variance, 0.0))
        return standardize_scores(scores, mean=asked @ self.mean, deviation=deviation)

    def __call__(self, queries: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of relevance, shape (queries, documents); see `standardized`."""
        standard = self.standardized(queries, scores)
        return np.asarray(np.interp(standard, self.thresholds, self.probabilities))


def score_moments(
    vectors: NDArray[np.float32], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of stored vectors with their offsets as one more number."""
    rows = np.concatenate([vectors.astype(np.float64), offsets[:, None]], axis=1)
    mean = rows.mean(axis=0)
    return mean, rows.T @ rows / len(rows) - np.outer(mean, mean)


def fit_steps(
    scores: NDArray[np.float64], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thresholds and probabilities of a rising step function.

    Args:
        scores: standardised, shape (pairs,).
        relevant: whether each pair was judged relevant.
    """
    from scipy.optimize import isotonic_regression

    thresholds, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=relevant) / counts  # one for equal scores, whatever their order
    levels = np.asarray(isotonic_regression(shares, weights=counts.astype(np.float64)).x)
    # only the ends of each level are needed to draw it
    ends = np.flatnonzero(np.diff(levels, prepend=-1.0) + np.diff(levels, append=2.0))
    return thresholds[ends], levels[ends]

"""Fits the probability of relevance on queries that the scores were not fitted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.candidates import Candidate
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.relevance import RelevanceProbability, fit_steps, score_moments

_DEPTH = 100  # documents a query that the steps are fitted on: as deep as cutoffs are asked for
_BLOCK = 1 << 22  # scores held at once


def fit_probability(
    fitter: Fitter,
    chosen: Sequence[Candidate],
    folds: NDArray[np.intp],
    queries: NDArray[np.float32],
    judgements: Judgements,
    *,
    final: Calibration,
) -> RelevanceProbability:
    """The probability of relevance of a calibration's scores.

    Args:
        fitter: of the corpus.
        chosen: the candidate chosen with each fold left out.
        folds: of each query.
        queries: raw embeddings, shape (queries, dimension).
        judgements: of these queries.
        final: the calibration whose scores the probability is for.
    """
    scores, relevant = [], []
    for fold, candidate in enumerate(chosen):
        fit, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        calibration = fitter.calibration(candidate, queries[fit], judgements.take(fit))
        found = _top_scores(calibration, fitter, queries[test], judgements.take(test))
        scores.append(found[0])
        relevant.append(found[1])
    stored = final.documents(fitter.corpus.embeddings, ids=fitter.corpus.ids)
    steps = fit_steps(np.concatenate(scores), np.concatenate(relevant))
    return RelevanceProbability(*score_moments(*stored), *steps)


def _top_scores(
    calibration: Calibration, fitter: Fitter, queries: NDArray[np.float32], judgements: Judgements
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Standardised scores of each query's best documents, and whether they are relevant."""
    stored = calibration.documents(fitter.corpus.embeddings, ids=fitter.corpus.ids)
    moments = RelevanceProbability(*score_moments(*stored), np.zeros(1), np.zeros(1))
    vectors = calibration.queries(queries)
    depth = min(_DEPTH, len(fitter.corpus))
    size = max(1, _BLOCK // len(fitter.corpus))
    scores, relevant = [], []
    is_relevant = np.zeros(len(fitter.corpus), dtype=bool)
    for start in range(0, len(vectors), size):
        block = vectors[start : start + size] @ stored.vectors.T + stored.offsets
        top = np.argpartition(-block, depth - 1, axis=1)[:, :depth]
        near = np.take_along_axis(block, top, axis=1)
        scores.append(moments.standardized(vectors[start : start + size], near).ravel())
        for row, documents in enumerate(top):
            own = judgements.document[judgements.query == start + row]
            is_relevant[own] = True
            relevant.append(is_relevant[documents])
            is_relevant[own] = False
    return np.concatenate(scores), np.concatenate(relevant)

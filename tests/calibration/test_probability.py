from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from norm_aware.calibration import probability as module
from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.probability import fit_probability
from norm_aware.numeric.similarity import PowerSimilarity
from tests.calibration.worlds import World, telling_norms

FOLDS = np.arange(30) % 3
WORLD = telling_norms(0, queries=30)
NORM = Candidate(similarity=PowerSimilarity(document_power=0.5))
FITTED = Candidate(TransformChoice(-0.25, -0.25), weight=0.25)


def relevant(world: World) -> np.ndarray:
    found = np.zeros((len(world.queries), len(world.corpus)), dtype=bool)
    for query, of_query in enumerate(world.grades):
        found[query, list(of_query)] = True
    return found


def fit(world: World, chosen, final):
    fitter, judged = Fitter(world.corpus), Judgements.of(world.grades, documents=len(world.corpus))
    calibration = fitter.calibration(final, world.queries, judged)
    return calibration, fit_probability(fitter, chosen, FOLDS, world.queries, judged, final=calibration)


def asked(world: World, calibration, probability) -> np.ndarray:
    scores = calibration.scores(world.queries, world.corpus.embeddings, ids=world.corpus.ids)
    return probability(calibration.queries(world.queries), scores)


@pytest.mark.parametrize("candidate", [BASELINE, NORM], ids=str)
def test_where_nothing_is_fitted_the_probabilities_sum_to_the_relevant_pairs(candidate):
    found = asked(WORLD, *fit(WORLD, [candidate] * 3, candidate))
    assert found.sum() == pytest.approx(relevant(WORLD).sum(), rel=1e-4)


def test_the_steps_come_from_scores_that_were_fitted_without_the_query():
    fitter, judged = Fitter(WORLD.corpus), Judgements.of(WORLD.grades, documents=100)
    standard, truth = np.empty((30, 100)), relevant(WORLD)
    for fold in range(3):
        rest, test = np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)
        calibration = fitter.calibration(FITTED, WORLD.queries[rest], judged.take(rest))
        scores = calibration.scores(WORLD.queries[test], WORLD.corpus.embeddings, ids=WORLD.corpus.ids)
        standard[test] = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    oracle = IsotonicRegression(out_of_bounds="clip").fit(standard.ravel(), truth.ravel())
    _, probability = fit(WORLD, [FITTED] * 3, FITTED)
    at = np.linspace(-3, 4, 200)
    found = np.interp(at, probability.thresholds, probability.probabilities)
    assert np.abs(found - oracle.predict(at)).mean() < 2e-3


def test_where_scores_say_nothing_no_score_has_a_high_probability():
    generator = np.random.default_rng(1)
    lost = WORLD._replace(grades=[{int(d): 1.0} for d in generator.integers(100, size=30)])
    chance, sure = (asked(world, *fit(world, [NORM] * 3, NORM)).max() for world in (lost, WORLD))
    assert chance < 0.3
    assert sure > 0.7


def test_beyond_the_depth_documents_are_left_out_and_blocks_change_nothing(monkeypatch):
    monkeypatch.setattr(module, "_DEPTH", 10)
    _, shallow = fit(WORLD, [NORM] * 3, NORM)
    assert shallow.thresholds.min() > 0
    monkeypatch.setattr(module, "_BLOCK", 100)
    _, blocks = fit(WORLD, [NORM] * 3, NORM)
    np.testing.assert_allclose(blocks.thresholds, shallow.thresholds, atol=1e-5)
    np.testing.assert_allclose(blocks.probabilities, shallow.probabilities, atol=1e-9)

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration import measuring
from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.corpus import Corpus
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.calibration.ranking import NDCG
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import DOT, PowerSimilarity
from tests.calibration.worlds import loud_directions, telling_norms

CORPUS, QUERIES, GRADES = telling_norms(3, queries=30)
JUDGED = Judgements.of(GRADES, documents=len(CORPUS))
SPLITS = [Split(np.arange(15, 30), np.arange(0, 15)), Split(np.arange(0, 12), np.arange(15, 25))]
CANDIDATES = [
    BASELINE,
    Candidate(similarity=DOT),
    Candidate(TransformChoice(-0.25), PowerSimilarity(document_power=0.5), 0.3, 0.25),
    Candidate(TransformChoice(0.0), weight=0.5),
    Candidate(TransformChoice(-0.5), gamma=0.15),
    Candidate(TransformChoice(-0.25, -0.5), PowerSimilarity(document_power=-0.25), 0.15, 0.5),
    Candidate(similarity=None),
    Candidate(TransformChoice(-0.25), similarity=None, gamma=0.3),
    Candidate(similarity=EuclideanSimilarity(), gamma=0.3),
    Candidate(similarity=ScaledSimilarity.fit(0.95, [1.0, 2.0], CORPUS.norms)),
    Candidate(TransformChoice(-0.25), RadialSimilarity.fit(0.25, CORPUS.norms)),
]


def measurer(corpus: Corpus = CORPUS, judged: Judgements = JUDGED, **options: object) -> Measurer:
    return Measurer(corpus, QUERIES, judged, **options)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=str)
def test_a_value_is_the_ndcg_of_the_calibration_fitted_on_the_queries_to_fit_on(candidate):
    found = measurer().measure([candidate], SPLITS)[0]
    for split in SPLITS:
        calibration = Fitter(CORPUS).calibration(candidate, QUERIES[split.fit], JUDGED.take(split.fit))
        scores = calibration.scores(QUERIES[split.test], CORPUS.embeddings, ids=CORPUS.ids)
        expected = NDCG(JUDGED.take(split.test)).values(scores)
        np.testing.assert_allclose(found[split.test], expected, atol=1e-12)


def test_queries_that_no_split_tests_have_no_value():
    found = measurer().measure([BASELINE], SPLITS)[0]
    assert np.isnan(found[25:]).all()
    assert np.isfinite(found[:25]).all()


def test_candidates_can_be_measured_together_in_any_order_and_block(monkeypatch):
    whole = measurer().measure(CANDIDATES, SPLITS)
    order = np.random.default_rng(0).permutation(len(CANDIDATES))
    monkeypatch.setattr(measuring, "_BLOCK", 300)
    np.testing.assert_array_equal(measurer().measure([CANDIDATES[i] for i in order], SPLITS), whole[order])


def test_the_judgements_of_the_queries_tested_decide_their_value_and_nothing_else():
    moved = [GRADES[query] if query >= 15 else {99 - query: 1.0} for query in range(30)]
    other = Judgements.of(moved, documents=len(CORPUS))
    for candidate in CANDIDATES:
        calibration = Fitter(CORPUS).calibration(candidate, QUERIES[15:], JUDGED.take(np.arange(15, 30)))
        scores = calibration.scores(QUERIES[:15], CORPUS.embeddings, ids=CORPUS.ids)
        found = measurer(judged=other).measure([candidate], SPLITS[:1])[0, :15]
        np.testing.assert_allclose(found, NDCG(other.take(np.arange(15))).values(scores), atol=1e-12)


def test_length_stands_for_the_norm_and_shuffled_norms_for_none():
    power = PowerSimilarity(document_power=0.5)
    own, length, shuffled = (Candidate(similarity=power, norm=of) for of in ("norm", "length", "shuffled"))
    copied = Corpus(CORPUS.embeddings, lengths=CORPUS.norms * 1e3)
    values = measurer(copied).measure([BASELINE, own, length, shuffled], SPLITS[:1])[:, :15]
    np.testing.assert_allclose(values[2], values[1], atol=1e-12)
    means = values.mean(axis=1)
    assert means[1] > 0.99
    assert means[3] < means[0]


def test_without_lengths_length_says_nothing():
    power = PowerSimilarity(document_power=0.5)
    plain = Corpus(CORPUS.embeddings)
    values = measurer(plain).measure([BASELINE, Candidate(similarity=power, norm="length")], SPLITS[:1])
    np.testing.assert_array_equal(*values)


def test_whitening_is_worth_what_the_world_makes_it_worth():
    corpus, queries, grades = loud_directions(1)
    judged = Judgements.of(grades, documents=len(corpus))
    candidates = [BASELINE, Candidate(TransformChoice(-0.5))]
    halves = [Split(np.arange(25, 50), np.arange(25)), Split(np.arange(25), np.arange(25, 50))]
    plain, full = Measurer(corpus, queries, judged).measure(candidates, halves).mean(axis=1)
    assert full > plain + 0.2


def test_progress_is_told_for_every_transform():
    told: list[tuple[int, int]] = []
    measurer(progress=lambda done, total: told.append((done, total))).measure(CANDIDATES, SPLITS)
    transforms = len({candidate.transform for candidate in CANDIDATES})
    assert told == [(done, transforms) for done in range(transforms + 1)]

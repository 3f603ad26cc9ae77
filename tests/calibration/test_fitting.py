from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.corpus import Corpus, PseudoQueries
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.errors import CalibrationError
from norm_aware.numeric.hubness_norm import hubness_norm
from norm_aware.numeric.moments import Moments
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.numeric.whitening import fit_pair_whitening, fit_whitening
from tests.calibration.worlds import loud_directions

WORLD = loud_directions(0)
CORPUS, QUERIES, GRADES = WORLD
EXTRA = [of | {(query + 50) % 100: 1.0} if query % 2 else of for query, of in enumerate(GRADES)]
JUDGED = Judgements.of(EXTRA, documents=len(CORPUS))  # some with two relevant documents
FITTER = Fitter(CORPUS)
WHITENED = TransformChoice(-0.25)


def test_directions_left_as_they_are_need_no_fit():
    assert FITTER.transform(TransformChoice(), QUERIES, JUDGED).is_identity


def test_whitening_takes_the_documents_covariance_and_the_mean_of_the_queries_given():
    found = FITTER.transform(WHITENED, QUERIES[:7], None)
    expected = fit_whitening(Moments.of(CORPUS.embeddings), Moments.of(QUERIES[:7]), power=-0.25)
    for part in ("query_mean", "document_mean", "matrix"):
        np.testing.assert_allclose(getattr(found, part), getattr(expected, part), atol=1e-12)


def test_without_queries_pseudo_queries_stand_in_for_them():
    found = FITTER.transform(WHITENED, QUERIES[:0], None)
    expected = Moments.of(CORPUS.pseudo_queries.embeddings).mean
    np.testing.assert_array_equal(found.query_mean, expected)


def test_pair_whitening_is_fitted_on_the_relevant_pairs_each_query_counting_once():
    choice = TransformChoice(-0.25, -0.5)
    assert choice.is_judged
    found = FITTER.transform(choice, QUERIES, JUDGED)
    expected = fit_pair_whitening(
        FITTER.transform(WHITENED, QUERIES, None),
        QUERIES[JUDGED.query],
        CORPUS.embeddings[JUDGED.document],
        power=-0.5,
        weights=JUDGED.weights(),
    )
    np.testing.assert_array_equal(found.matrix, expected.matrix)


def test_hubness_is_what_the_calibration_will_give_the_documents():
    candidate = Candidate(WHITENED, gamma=0.3)
    given = FITTER.calibration(candidate, QUERIES, None).anti_hubness
    expected = hubness_norm(FITTER.hubness(WHITENED), gamma=0.3)
    np.testing.assert_allclose(given.lengths(CORPUS.embeddings, CORPUS.ids), expected, rtol=1e-6)


def test_documents_as_their_own_pseudo_queries_stand_around_the_documents_mean():
    fitter = Fitter(Corpus(CORPUS.embeddings))
    space = fitter.hubness_space(WHITENED)
    np.testing.assert_array_equal(space.query_mean, space.document_mean)
    spans = FITTER.hubness_space(WHITENED)
    np.testing.assert_array_equal(spans.query_mean, Moments.of(CORPUS.pseudo_queries.embeddings).mean)


def test_pseudo_queries_without_a_direction_break_nothing():
    blank = PseudoQueries(np.zeros((3, CORPUS.dimension)), ("0", "1", "2"))
    fitter = Fitter(Corpus(CORPUS.embeddings, pseudo_queries=blank))
    assert np.isfinite(fitter.hubness(WHITENED)).all()


def test_the_logistic_scorer_learns_from_the_queries_given_and_the_seed():
    scorer = Candidate(similarity=None)
    transform = FITTER.transform(scorer.transform, QUERIES, JUDGED)
    found = FITTER.similarity(scorer, transform, QUERIES, JUDGED)
    assert found == FITTER.similarity(scorer, transform, QUERIES, JUDGED)
    some = np.arange(20)
    assert found != FITTER.similarity(scorer, transform, QUERIES[some], JUDGED.take(some))
    assert found != Fitter(CORPUS, seed=1).similarity(scorer, transform, QUERIES, JUDGED)
    assert found.cosine > 0
    with pytest.raises(CalibrationError, match="The logistic scorer is fitted on judged queries"):
        FITTER.similarity(scorer, transform, QUERIES, None)


def test_a_calibration_has_the_parts_its_candidate_names():
    plain = FITTER.calibration(BASELINE, QUERIES, JUDGED)
    assert plain.is_cosine
    full = FITTER.calibration(Candidate(WHITENED, PowerSimilarity(0, 0.25), 0.3, 0.5), QUERIES, JUDGED)
    assert full.similarity == PowerSimilarity(document_power=0.25)
    assert (full.anti_hubness.gamma, full.hub_bias.weight) == (0.3, 0.5)
    np.testing.assert_array_equal(full.hub_bias.queries, QUERIES)
    assert (full.encoder, full.fingerprint) == CORPUS.encoder

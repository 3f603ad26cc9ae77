from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.candidates import (
    BASELINE,
    Candidate,
    TransformChoice,
    as_trained,
    control_arms,
    search_space,
)
from norm_aware.calibration.evidence import AS_TRAINED
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity

NORMS = np.array([1.0, 2.0, 4.0])
SPACE = search_space(query_norms=NORMS, document_norms=NORMS)


def test_plain_cosine_comes_first_and_nothing_twice():
    assert SPACE[0] == BASELINE
    assert BASELINE.is_cosine
    assert len(set(SPACE)) == len(SPACE)
    assert sum(candidate.is_cosine for candidate in SPACE) == 1


def test_every_candidate_is_called_differently():
    assert len({str(candidate) for candidate in SPACE}) == len(SPACE)


def test_what_an_encoder_was_trained_by_is_tried_under_every_transform_and_shown_alone():
    trained = as_trained("dot", gamma=0.123)
    assert trained == Candidate(similarity=PowerSimilarity(document_power=1.0), gamma=0.123)
    space = search_space(query_norms=NORMS, document_norms=NORMS, trained=trained)
    assert space[: len(SPACE)] == SPACE
    added = set(space[len(SPACE) :])
    assert {candidate.transform for candidate in added} == {candidate.transform for candidate in SPACE}
    assert {(candidate.similarity, candidate.gamma) for candidate in added} == {(trained.similarity, 0.123)}
    assert control_arms(trained)[AS_TRAINED] == (trained,)


@pytest.mark.parametrize("trained", [None, as_trained("cosine"), as_trained("document_normalized")])
def test_an_encoder_trained_by_cosine_adds_nothing(trained):
    assert search_space(query_norms=NORMS, document_norms=NORMS, trained=trained) == SPACE
    assert AS_TRAINED not in control_arms(trained)


def test_controls_are_not_chosen_from():
    assert {candidate.norm for candidate in SPACE} == {"norm"}


def test_both_signs_of_the_norm_are_tried():
    powers = {c.similarity.document_power for c in SPACE if isinstance(c.similarity, PowerSimilarity)}
    assert powers == {-power for power in powers}
    assert {0.0, 0.25} < powers


@pytest.mark.parametrize("norms", [np.ones(3), np.zeros(3)])
def test_constant_norms_leave_a_space_to_search(norms):
    assert len(search_space(query_norms=norms, document_norms=norms)) == len(SPACE)


@pytest.mark.parametrize(
    ("candidate", "words", "uses_norm", "is_judged"),
    [
        (Candidate(), "cosine", False, False),
        (Candidate(TransformChoice(0.0)), "centred", False, False),
        (Candidate(similarity=PowerSimilarity(document_power=-0.5)), "as embedded, norm**-0.5", True, False),
        (Candidate(similarity=DOT, norm="length"), "as embedded, length**1", True, False),
        (
            Candidate(TransformChoice(-0.25, -0.5), COSINE, 0.3, 0.25),
            "whitened -0.25, pairs -0.5, anti-hubness norm 0.3, hub bias 0.25",
            False,
            True,
        ),
        (Candidate(similarity=None), "as embedded, logistic scorer", True, True),
        (Candidate(similarity=EuclideanSimilarity()), "as embedded, euclidean similarity", True, False),
    ],
)
def test_a_candidate_says_what_it_is(candidate, words, uses_norm, is_judged):
    assert str(candidate) == words
    assert candidate.uses_norm is uses_norm
    assert candidate.is_judged is is_judged


def test_every_idea_alone_may_also_choose_cosine_but_dot():
    arms = control_arms()
    assert {"dot", "norm alone", "length alone", "shuffled norm alone"} < set(arms)
    assert [str(candidate) for candidate in arms["dot"]] == ["as embedded, norm**1"]
    for name, candidates in arms.items():
        assert (candidates[0] == BASELINE) is (name != "dot")
    for name, kind in (("length alone", "length"), ("shuffled norm alone", "shuffled")):
        assert {candidate.norm for candidate in arms[name][1:]} == {kind}
    assert not any(candidate.uses_norm for candidate in arms["whitening alone"])

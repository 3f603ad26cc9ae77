from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.evidence import (
    CALIBRATED,
    LENGTH_FOR_NORM,
    UNGUARDED,
    WITHOUT_NORM,
    Arm,
    make_arms,
    make_contrasts,
)
from norm_aware.calibration.findings import decide, notes
from norm_aware.numeric.similarity import PowerSimilarity

COSINE = np.random.default_rng(0).uniform(0.2, 0.6, size=80)
WITH_NORM = Candidate(similarity=PowerSimilarity(document_power=0.25))
WHITENED = Candidate(TransformChoice(-0.25))


def gained(mean: float, seed: int = 0) -> np.ndarray:
    gains = np.random.default_rng(seed).normal(0, 0.05, size=80)
    return COSINE + gains - gains.mean() + mean


def arm(mean: float) -> Arm:
    values = {"cosine": COSINE, CALIBRATED: gained(mean)}
    return make_arms(dict.fromkeys(values, ""), values, groups=np.arange(80), seed=0)[1]


def said(
    choice: Candidate,
    *,
    queries: int = 80,
    errors: float = 0.01,
    cosine: np.ndarray = COSINE,
    symmetric: bool = False,
    **gains: float,
) -> tuple[str, ...]:
    values = {"cosine": cosine}
    names = {"calibrated": UNGUARDED, "without": WITHOUT_NORM, "length": LENGTH_FOR_NORM}
    values |= {names[name]: gained(mean, seed) for seed, (name, mean) in enumerate(gains.items())}
    together = {"groups": np.arange(80), "seed": 0}
    arms = make_arms(dict.fromkeys(values, ""), values, **together)
    return notes(
        arms,
        make_contrasts(values, **together),
        choice=choice,
        errors=errors,
        queries=queries,
        symmetric=symmetric,
    )


def test_a_gain_whose_interval_is_above_0_is_kept():
    accepted, sentence = decide(arm(0.05), WHITENED, queries=80)
    assert accepted
    assert sentence.startswith(
        "Calibrated to whitened -0.25: the held-out gain on 80 queries is +0.0500 nDCG"
    )


@pytest.mark.parametrize("mean", [0.001, -0.05])
def test_a_gain_whose_interval_reaches_0_is_no_proof(mean):
    accepted, sentence = decide(arm(mean), WHITENED, queries=80)
    assert not accepted
    assert sentence.startswith("Cosine is kept: the held-out gain")
    assert "an interval that reaches 0 is no proof" in sentence


def test_a_choice_of_cosine_is_kept_whatever_the_folds_chose():
    accepted, sentence = decide(arm(0.05), BASELINE, queries=80)
    assert not accepted
    assert "nothing tried is reliably above it" in sentence


def test_a_norm_that_helps_beyond_length_is_said_to():
    (sentence,) = said(WITH_NORM, calibrated=0.1, without=0, length=0.02)
    assert "own share of the gain is +0.1000" in sentence
    assert "text length does not replace it: with length in its place it is ahead by +0.0800" in sentence


def test_a_norm_that_length_replaces_may_be_length_in_disguise():
    (sentence,) = said(WITH_NORM, calibrated=0.1, without=0, length=0.1)
    assert "own share of the gain is +0.1000" in sentence
    assert "it may be text length in disguise: ahead of the same with text length in its place" in sentence


def test_without_lengths_the_question_stays_open():
    (sentence,) = said(WITH_NORM, calibrated=0.1, without=0)
    assert "may be text length in disguise: the lengths of the texts were not given" in sentence


def test_a_norm_that_adds_nothing_is_not_proved():
    for further in ({"length": 0.0}, {}):
        (sentence,) = said(WITH_NORM, calibrated=0.1, without=0.1, **further)
        assert sentence.startswith("The raw norm's own share of the gain is ")
        assert ": not proved." in sentence


def test_a_choice_without_the_norm_says_so_and_cosine_says_nothing():
    (sentence,) = said(WHITENED, calibrated=0.1, without=0.1, length=0.1)
    assert sentence.startswith("The raw norm has no part in the choice")
    assert said(BASELINE, calibrated=0, without=0, length=0) == ()


def test_few_queries_say_which_gain_they_would_miss():
    (sentence,) = said(BASELINE, queries=49, errors=0.02)
    assert sentence.startswith("49 judged queries are few: a gain below")
    smallest = float(sentence.split("below ")[1].split()[0])
    # the power of a two-sided test at level .05 against a true gain of this size
    assert norm.sf(norm.ppf(0.975) - smallest / 0.02) == pytest.approx(0.8, abs=0.01)
    assert "go unseen more than one time in five" in sentence


@pytest.mark.parametrize("errors", [0.0, float("inf")])
def test_few_queries_whose_gains_have_no_spread_promise_nothing(errors):
    (sentence,) = said(BASELINE, queries=49, errors=errors)
    assert sentence.startswith("49 judged queries are few. Judge 50 or more")


def test_a_ceiling_is_named():
    (sentence,) = said(BASELINE, cosine=np.full(80, 0.97))
    assert sentence.startswith("Cosine is at 0.970 already: a ceiling")


def test_a_symmetric_task_says_what_was_left_out():
    (sentence,) = said(BASELINE, symmetric=True)
    assert "The task is symmetric" in sentence

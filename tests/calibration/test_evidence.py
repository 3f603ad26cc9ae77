from __future__ import annotations

import json

import numpy as np
import pytest

from norm_aware.calibration.evidence import (
    CALIBRATED,
    LENGTH,
    SHUFFLED_FOR_NORM,
    UNGUARDED,
    WHITENING,
    CurvePoint,
    Evidence,
    make_arms,
    make_contrasts,
)
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p

GROUPS = np.arange(40) // 2
VALUES = dict(
    zip(
        ("cosine", CALIBRATED, UNGUARDED, WHITENING, SHUFFLED_FOR_NORM),
        np.random.default_rng(0).random(size=(5, 40)),
        strict=True,
    )
)
ARMS = make_arms({name: f"chosen by {name}" for name in VALUES}, VALUES, groups=GROUPS, seed=3)
CONTRASTS = make_contrasts(VALUES, groups=GROUPS, seed=3)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_an_arm_is_paired_with_cosine_and_groups_are_drawn_as_wholes(arm):
    differences = VALUES[arm.name] - VALUES["cosine"]
    assert arm.chosen == f"chosen by {arm.name}"
    assert arm.mean == pytest.approx(VALUES[arm.name].mean())
    assert arm.difference == pytest.approx(differences.mean())
    assert (arm.low, arm.high) == bootstrap_interval(differences, seed=3, groups=GROUPS)
    assert arm.p == permutation_p(differences, seed=3, groups=GROUPS)
    assert arm.low <= arm.difference <= arm.high
    if arm.name != "cosine":
        assert arm.effect_size == pytest.approx(differences.mean() / differences.std(ddof=1))
        assert (arm.low, arm.high) != bootstrap_interval(differences, seed=3)


def test_p_values_are_adjusted_over_the_arms():
    assert [arm.p_holm for arm in ARMS] == holm([arm.p for arm in ARMS]).tolist()


def test_cosine_beside_itself_has_no_difference():
    cosine = ARMS[0]
    assert (cosine.difference, cosine.low, cosine.high, cosine.p, cosine.p_holm) == (0, 0, 0, 1, 1)
    assert cosine.effect_size == 0


def test_a_difference_that_is_the_same_everywhere_has_no_effect_size():
    values = {"cosine": np.zeros(4), "dot": np.full(4, 0.5)}
    arms = make_arms({"cosine": "", "dot": ""}, values, groups=np.arange(4), seed=0)
    assert (arms[1].difference, arms[1].effect_size) == (0.5, None)


def test_a_contrast_sets_an_arm_against_another_where_both_were_measured():
    assert [(contrast.arm, contrast.over) for contrast in CONTRASTS] == [
        (CALIBRATED, WHITENING),
        (UNGUARDED, SHUFFLED_FOR_NORM),
    ]
    differences = VALUES[CALIBRATED] - VALUES[WHITENING]
    assert CONTRASTS[0].difference == pytest.approx(differences.mean())
    assert (CONTRASTS[0].low, CONTRASTS[0].high) == bootstrap_interval(differences, seed=3, groups=GROUPS)
    assert CONTRASTS[0].p == permutation_p(differences, seed=3, groups=GROUPS)


def test_arms_and_contrasts_are_found_by_name():
    evidence = Evidence(arms=ARMS, contrasts=CONTRASTS)
    assert evidence.arm(WHITENING) == ARMS[3]
    assert evidence.contrast(WHITENING) == CONTRASTS[0]
    assert evidence.arm(LENGTH) is None
    assert evidence.contrast(LENGTH) is None


def test_evidence_survives_json():
    evidence = Evidence(
        choice="centred",
        decision="Calibrated to centred.",
        arms=ARMS,
        contrasts=CONTRASTS,
        notes=("One.", "Two."),
        curve=(CurvePoint(10, 0.1, -0.1, 0.2),),
        documents=7,
        queries=40,
        data="0123",
        asked=("q1",),
        label_free=True,
    )
    for of in (evidence, Evidence()):
        assert Evidence.from_dict(json.loads(json.dumps(of.to_dict()))) == of

import math

import pytest

from norm_aware.benchmark.report.wording import (
    correction,
    equivalence,
    equivalence_p,
    outcome,
    verdict,
)


def comparison(**changes: object):
    row = {"baseline": "cosine", "candidate": "dot", "measure": "nDCG@10", "difference": 0.05, "low": 0.01}
    return row | {"high": 0.09, "p_adjusted": 0.01, "n": 200} | changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "better"),
        ({"difference": -0.05, "low": -0.09, "high": -0.01}, "worse"),
        ({"p_adjusted": 0.05}, "not shown"),
        ({"low": 0.0}, "not shown"),
        ({"low": -0.01}, "not shown"),
        ({"p_adjusted": None}, "not shown"),
        ({"low": None, "high": None}, "not shown"),
        ({"higher_is_better": False}, "worse"),
        ({"difference": -0.05, "low": -0.09, "high": -0.01, "higher_is_better": False}, "better"),
        ({"difference": None}, "not measured"),
        ({"difference": math.nan}, "not measured"),
    ],
)
def test_a_difference_is_shown_only_by_interval_and_p_together(changes, expected):
    assert outcome(comparison(**changes)) == expected


def test_a_shown_difference_says_which_way_and_how_surely():
    found = verdict(comparison(difference=-0.165, low=-0.201, high=-0.130, p_adjusted=0.0008))
    assert found.claim == "dot is worse than cosine"
    assert found.evidence.replace("\N{MINUS SIGN}", "-") == (
        "nDCG@10 -0.165 (95% interval -0.201 to -0.130, Holm-adjusted p 0.0008, 200 questions)"
    )


def test_a_difference_that_chance_explains_is_not_called_one():
    found = verdict(comparison(p_adjusted=0.4, n=1))
    assert found.claim == "No difference was shown between dot and cosine"
    assert found.evidence.endswith("Holm-adjusted p 0.400, 1 question)")


def test_a_comparison_without_a_question_has_no_numbers():
    found = verdict(comparison(difference=None, low=None, high=None, p_adjusted=None, n=0))
    assert found.claim == "dot and cosine could not be compared on nDCG@10"
    assert not any(character.isdigit() for character in found.evidence)


def test_a_correction_is_named_and_is_holms_unless_said_otherwise():
    assert [correction({"correction": name}) for name in ("holm", "fdr")] == ["Holm", "FDR"]
    assert correction({}) == "Holm"
    assert "FDR-adjusted p" in verdict(comparison(correction="fdr")).evidence


def test_an_equivalence_test_is_a_sentence_with_its_margin_and_its_outcome():
    found = {"margin": 0.02, "p": 0.01, "low": -0.01, "high": 0.004, "outcome": "no_worse"}
    sentence = equivalence(comparison(equivalence=found))
    assert sentence.replace("\N{MINUS SIGN}", "-") == (
        "Equivalence test on nDCG@10: no worse "
        "(margin 0.020, 90% interval -0.010 to +0.004, p of no worse 0.010)"
    )
    assert equivalence(comparison(equivalence=None)) is None
    assert equivalence(comparison()) is None


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("equivalent", "p of equivalence 0.040"),
        ("no worse", "p of no worse 0.010"),
        ("not shown", "p of no worse 0.010"),
        ("worse", None),
    ],
)
def test_the_p_of_an_equivalence_test_is_that_of_what_it_claims(outcome, text):
    assert equivalence_p({"outcome": outcome, "p": 0.01, "p_equivalent": 0.04}) == text
    assert equivalence_p({"outcome": outcome, "p": None}) is None

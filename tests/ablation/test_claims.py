import pytest

from norm_aware.ablation.claims import ONE_TRAINING, not_covered, null_hypotheses, outcome, scored, verdicts
from norm_aware.ablation.significance import NOT_COVERED, NULL_HYPOTHESES, compare
from tests.ablation.worlds import OWN, ablation


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "expected"),
    [
        (0.02, 0.01, 0.03, 0.01, "better"),
        (-0.02, -0.03, -0.01, 0.01, "worse"),
        (0.02, 0.01, 0.03, 0.05, "not shown"),
        (0.02, 0.0, 0.04, 0.01, "not shown"),
        (-0.01, -0.03, 0.01, 0.04, "not shown"),
    ],
)
def test_a_difference_is_shown_by_its_interval_and_its_adjusted_p_together(
    difference, low, high, p, expected
):
    assert outcome({"difference": difference, "low": low, "high": high, "p_adjusted": p}) == expected


def test_a_verdict_counts_the_single_out_of_domain_sets(results):
    found = {(v["row"]["kind"], v["row"]["arm"]): v for v in verdicts(results)}
    assert len(found) == 3 * len(OWN) - 2
    dot = found["cosine", "dot"]
    assert (dot["outcome"], dot["better"], dot["worse"], dot["sets"]) == ("worse", 0, 3, 3)
    assert "of 3 sets 0 better, 3 worse; 3 seeds" in dot["figures"]


def test_a_claim_tells_arms_from_scorings(results):
    claims = {(v["row"]["kind"], v["row"]["arm"]): v["claim"] for v in verdicts(results)}
    assert claims["cosine", "dot"] == "The arm dot is worse than the cosine arm"
    assert claims["training", "dot"] == "The arm dot, searched by cosine, is worse than the cosine arm"
    assert claims["untouched", "query_normalized"] == (
        "The arm query_normalized is better than the untouched base"
    )
    assert claims["cosine", "document_normalized"] == (
        "No difference was shown between the arm document_normalized and the cosine arm"
    )


def test_a_side_is_named_by_its_model_and_by_a_scoring_that_does_not_go_without_saying():
    row = {"arm": "dot", "scoring": "own", "reference": "cosine", "reference_scoring": "anti_hubness"}
    assert scored(row) == "the arm dot"
    assert scored(row, "reference") == "the cosine arm, searched by anti_hubness,"
    base = {"reference": "untouched", "reference_scoring": "cosine"}
    assert scored(base, "reference") == "the untouched base"
    assert scored({"arm": "dot", "scoring": "cosine"}) == "the arm dot, searched by cosine,"


def test_of_one_seed_it_is_said_that_another_need_not_agree():
    values, results = ablation(seeds=(0,))
    results["comparisons"] = compare(values, results)
    assert all(ONE_TRAINING in verdict["figures"] for verdict in verdicts(results))
    assert "p_seeds" not in null_hypotheses(1)
    assert any(ONE_TRAINING in said for said in not_covered(1))
    assert null_hypotheses(3) == NULL_HYPOTHESES
    assert not_covered(3) == NOT_COVERED

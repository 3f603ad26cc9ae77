import pytest

from norm_aware.benchmark.report.absence import why_absent
from norm_aware.benchmark.report.render import render
from tests.outline import Outline

FIGURES = ("low", "effect_size", "minimum_detectable", "needed", "equivalence")


def comparison(**values):
    return {"n": 12, "clusters": 12, "missing_baseline": 0, "missing_candidate": 0} | values


@pytest.mark.parametrize("figure", FIGURES)
def test_without_a_question_or_with_one_alone_that_is_the_reason_for_everything(figure):
    assert why_absent(comparison(n=0), figure) == "no question has this score from both systems"
    assert why_absent(comparison(n=1, clusters=1), figure) == "needs more than one question"


@pytest.mark.parametrize("figure", ["low", "minimum_detectable", "needed", "equivalence"])
def test_a_single_cluster_is_not_called_a_single_question(figure):
    assert "more than one cluster" in why_absent(comparison(clusters=1), figure)


def test_a_difference_without_spread_has_no_effect_size_for_that_reason():
    assert "same amount" in why_absent(comparison(), "effect_size")
    assert "same amount" in why_absent(comparison(clusters=1), "effect_size")


def test_a_worst_case_is_absent_where_nothing_is_missing():
    assert why_absent(comparison(), "worst_case") == "nothing is missing"
    assert why_absent(comparison(missing_candidate=3), "worst_case") == "not computed"
    assert "no question" in why_absent(comparison(n=0, missing_candidate=3), "worst_case")


def test_the_page_gives_these_reasons(results):
    for row in results["comparisons"]:
        if row["n"]:
            row |= {"clusters": 1, "low": None, "high": None, "equivalence": None, "effect_size": None}
    absent = {a["title"] for _, a in Outline(render(results)).elements if a.get("class") == "absent"}
    assert any(why.startswith("needs more than one cluster: all 5") for why in absent)
    assert any(why.startswith("every question differs by the same amount") for why in absent)
    assert "needs more than one question" not in absent
    assert not any("margin" in why for why in absent)

"""Sections of the page: what is withheld, which way is better, failures, norms."""

import json

import pytest

from norm_aware.benchmark.comparison.comparison import NULL_HYPOTHESES
from norm_aware.benchmark.report.render import render
from tests.benchmark.report.make_results import DOT, UNINFORMATIVE
from tests.outline import Outline


def comparison(results, candidate, measure="nDCG@10"):
    rows = results["comparisons"]
    return next(row for row in rows if (row["candidate"], row["measure"]) == (candidate, measure))


def test_a_figure_of_a_guessing_judge_stands_in_the_judges_section_alone(results):
    results["systems"][DOT]["faithfulness"] = 0.98765
    comparison(results, DOT, "faithfulness").update(
        difference=0.87654, low=0.87653, high=0.87655, p_adjusted=0.001
    )
    for step in results["attribution"][DOT]["steps"]["faithfulness"]:
        step["difference"] = 0.76543
    for table in results["breakdowns"]:
        if table["measure"] == "faithfulness":
            table["groups"][0]["difference"] = 0.65432
    for query in results["queries"]:
        query["systems"][DOT]["measures"]["faithfulness"] = 0.54321
    page = render(results)
    text = Outline(page).text
    judged = text[text.index("How far the judge can be trusted") : text.index("Cost and time", 3000)]
    assert text.count("0.988") == judged.count("0.988") == 1
    assert not [figure for figure in ("0.877", "0.765", "0.654") if figure in text]
    assert "0.5432" not in page
    assert f"withheld: {UNINFORMATIVE}" in text


def test_where_less_is_better_less_is_called_better(results):
    for row in results["comparisons"]:
        if row["measure"] == "squad_f1":
            row |= {
                "higher_is_better": False,
                "difference": -0.2,
                "low": -0.3,
                "high": -0.1,
                "p_adjusted": 0.001,
            }
    outline = Outline(render(results))
    assert "dot is better than cosine : squad_f1 -0.200" in outline.text
    assert "less is better" in outline.text
    data = json.loads(outline.scripts[-1])
    assert [measure[0] for measure in data["measures"] if measure[3]] == ["squad_f1"]


def test_every_failure_is_listed_and_announced_beside_the_verdict(results):
    results["failures"] = [
        {"system": DOT, "query_id": f"q{i + 1}", "measure": "answer", "reason": f"refused, try {i}"}
        for i in range(45)
    ]
    text = Outline(render(results)).text
    assert "45 failures left scores missing : 45 in dot." in text
    assert all(f"refused, try {i} " in text + " " for i in range(45))


def test_failures_of_one_reason_are_one_row(results):
    results["failures"] = [
        {"system": DOT, "query_id": f"q{i + 1}", "measure": "answer", "reason": "refused"} for i in range(45)
    ]
    text = Outline(render(results)).text
    assert "45 failures, 1 reason" in text
    assert "and 42 more" in text


def test_a_run_without_failures_does_not_speak_of_them(results):
    results["failures"] = []
    assert "ailure" not in Outline(render(results)).text


@pytest.mark.parametrize(
    ("d", "words"),
    [
        (-0.19, "Cohen's d -0.190, negligible"),
        (0.3, "larger norms than the others (Cohen's d +0.300, small)"),
        (-0.9, "smaller norms than the others (Cohen's d -0.900, large)"),
    ],
)
def test_the_norms_are_put_into_words_by_their_effect_size(results, d, words):
    results["norms"]["cohens_d"] = d
    assert words in Outline(render(results)).text


def test_norms_that_are_all_the_same_or_absent_render(results):
    results["norms"] |= {"edges": [1.0] * 21, "cohens_d": None, "length_correlation": None, "cv": 0.0}
    assert Outline(render(results)).errors == []
    results["norms"] = None
    assert "No norms were recorded." in Outline(render(results)).text


def test_an_equivalence_is_printed_with_the_p_of_its_own_claim_everywhere(results):
    for row in results["comparisons"]:
        if row["equivalence"]:
            row["equivalence"] |= {"outcome": "equivalent", "p": 0.0123, "p_equivalent": 0.0456}
    text = Outline(render(results)).text
    assert "p of equivalence 0.046" in text
    assert "p of no worse 0." not in text
    comparison(results, DOT)["equivalence"] |= {"outcome": "worse", "p": 0.98712}
    assert "p of no worse 0." not in Outline(render(results)).text


def test_the_questions_of_a_context_change_are_counted_whether_answered_or_not(results):
    for row in results["attribution"][DOT]["context_changes"].values():
        row |= {"n": 0, "difference": None, "low": None, "high": None}
    results["attribution"][DOT]["context_changes"]["entered"]["questions"] = 31
    text = Outline(render(results)).text
    assert "Answers (squad_f1) by what happened to the relevant documents" in text
    assert "Questions Answered Answers' difference" in text
    assert "entered the contexts 31 0 " in text


def test_an_answer_measure_of_a_guessing_judge_says_nothing_of_context_changes(results):
    for of_candidate in results["attribution"].values():
        of_candidate["gain"]["answer"] = "faithfulness"
        of_candidate["context_changes"]["entered"]["difference"] = 0.76543
    assert "0.765" not in Outline(render(results)).text


def test_how_an_interval_was_made_and_why_stands_beside_the_evidence(results):
    reason = "3 of 60 questions differ from the others, too few to resample"
    comparison(results, DOT).update(interval="t", interval_reason=reason)
    text = Outline(render(results)).text
    assert f"t: {reason}" in text
    assert "BCa" in text[text.index("Strength of the evidence") : text.index(reason)]


def test_superiority_has_its_interval_and_the_worst_case_its_p(results):
    row = comparison(results, DOT)
    row |= {"superiority": 0.41, "superiority_low": 0.3456, "superiority_high": 0.4567}
    row["worst_case"] = {"difference": -0.3, "low": -0.4, "high": -0.2, "p": 0.0234}
    text = Outline(render(results)).text
    assert "0.410 0.346 to 0.457" in text
    assert "-0.300 -0.400 to -0.200, p 0.023" in text


def test_a_p_is_printed_before_and_after_its_correction(results):
    comparison(results, DOT).update(p=0.0111, p_adjusted=0.0777)
    assert "0.078 raw 0.011" in Outline(render(results)).text


def test_the_method_states_the_null_hypothesis_of_every_p_and_what_is_not_adjusted(results):
    text = Outline(render(results)).text
    method = text[text.index("Every system answers the same questions") :]
    assert all(hypothesis in method for hypothesis in NULL_HYPOTHESES.values())
    for name in ("p, raw", "p, adjusted", "p of the worst case", "p of no worse", "p of equivalence"):
        assert f" {name} " in method
    assert "with 80% power at p under 0.05" in method
    assert "before correction" in method
    assert "is not adjusted for the number of comparisons" in method

from norm_aware.benchmark.report.view import FAILURES, headline_measures, view
from tests.benchmark.report.make_results import DOT


def measure(kind, informative=True):
    return {"kind": kind, "description": "", "informative": informative}


def test_the_headline_is_the_primary_measure_and_the_first_informative_one_for_answers():
    assert headline_measures({"nDCG@10": measure("retrieval")}) == ["nDCG@10"]
    found = {"rouge": measure("answer"), "squad_f1": measure("answer"), "faithfulness": measure("judged")}
    assert headline_measures(found) == ["nDCG@10", "squad_f1"]
    assert headline_measures({"rouge": measure("answer")}) == ["nDCG@10", "rouge"]
    guessed = {"faithfulness": measure("judged", False), "answer_accuracy": measure("judged")}
    assert headline_measures(guessed) == ["nDCG@10", "answer_accuracy"]
    assert headline_measures({"squad_f1": measure("answer", False)}) == ["nDCG@10"]


def test_a_withheld_measure_has_no_outcome(made):
    found = view(made)
    assert (DOT, "faithfulness") in found["comparisons"]
    assert (DOT, "faithfulness") not in found["outcomes"]
    assert sum(found["tallies"][DOT].values()) == len(made["measures"]) - 1


def test_failures_are_grouped_with_the_most_frequent_first(results):
    results["failures"] = [
        {"system": DOT, "query_id": f"q{i}", "measure": "answer", "reason": reason}
        for i, reason in enumerate(["rare", *["often"] * 5, None])
    ]
    found = view(results)["failure_groups"]
    assert [(group["reason"], group["count"]) for group in found] == [
        ("often", 5),
        ("rare", 1),
        ("no reason given", 1),
    ]
    assert len(found[0]["questions"]) == 3
    assert FAILURES >= 100


def test_a_time_is_shown_in_utc_and_an_unknown_form_as_it_stands(results):
    for created, shown in (
        ("2026-11-23T20:00:00+02:00", "2026-11-23 18:00 UTC"),
        ("2026-11-23T20:00:00Z", "2026-11-23 20:00 UTC"),
        ("2026-11-23T20:00:00", "2026-11-23 20:00"),
        ("yesterday", "yesterday"),
    ):
        assert view(results | {"created": created})["created"] == shown

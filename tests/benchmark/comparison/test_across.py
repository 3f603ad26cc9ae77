from __future__ import annotations

import json

import pytest

from norm_aware.benchmark.comparison.across import compare_runs
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.significance import benjamini_hochberg, holm
from tests.benchmark.comparison.made import make_run


def row(found, candidate, measure):
    (wanted,) = [r for r in found["comparisons"] if (r["candidate"], r["measure"]) == (candidate, measure)]
    return wanted


def test_systems_of_the_same_name_are_paired_per_question():
    before, after = make_run("old", gains={"dot": 0.1}), make_run("new", gains={"dot": 0.2})
    found = compare_runs(before, after)
    labels = {(r["baseline"], r["candidate"]) for r in found["comparisons"]}
    assert labels == {("old/cosine", "new/cosine"), ("old/dot", "new/dot")}
    same, better = row(found, "new/cosine", "nDCG@10"), row(found, "new/dot", "nDCG@10")
    assert (same["difference"], same["p"], same["ties"]) == (0, 1, 120)
    assert better["difference"] == pytest.approx(0.1)
    assert better["low"] > 0
    assert found["systems"]["new/dot"] == after["systems"]["dot"]
    json.dumps(found, allow_nan=False)


def test_the_correction_runs_over_all_systems_and_measures():
    found = compare_runs(make_run("old", gains={"dot": 0.1}), make_run("new", gains={"dot": 0.105}))
    adjusted = holm([r["p"] for r in found["comparisons"]]).tolist()
    assert [r["p_adjusted"] for r in found["comparisons"]] == adjusted


@pytest.mark.parametrize("guessing", ["old", "new"])
@pytest.mark.parametrize(("correction", "oracle"), [("holm", holm), ("fdr", benjamini_hochberg)])
def test_a_measure_that_either_judge_guessed_is_compared_outside_of_the_correction(
    guessing, correction, oracle
):
    runs = [make_run(name, gains={"dot": gain}) for name, gain in (("old", 0.1), ("new", 0.105))]
    for run in runs:
        if run["name"] == guessing:
            run["measures"]["faithfulness"] |= {"informative": False, "why": "it guesses"}
    found = compare_runs(*runs, options=ComparisonOptions(correction=correction))
    assert found["measures"]["faithfulness"]["why"] == "it guesses"
    guessed = [r for r in found["comparisons"] if r["measure"] == "faithfulness"]
    family = [r for r in found["comparisons"] if r["measure"] != "faithfulness"]
    assert [r["p_adjusted"] for r in guessed] == [None, None]
    assert None not in [r["p"] for r in guessed]
    assert [r["p_adjusted"] for r in family] == oracle([r["p"] for r in family]).tolist()


def test_a_missing_cosine_counts_as_minus_1_and_another_missing_value_as_0():
    before, after = make_run("old"), make_run("new")
    for run in (before, after):
        run["measures"]["answer_relevancy"] = run["measures"]["faithfulness"]
        for query in run["queries"]:
            values = query["systems"]["dot"]["measures"]
            values |= {"answer_relevancy": 0.6, "squad_f1": 0.6}
    after["queries"][0]["systems"]["dot"]["measures"] |= {"answer_relevancy": None, "squad_f1": None}
    found = compare_runs(before, after, system="dot", measures=["answer_relevancy", "squad_f1"])
    worst = [r["worst_case"]["difference"] for r in found["comparisons"]]
    assert worst == pytest.approx([(-1 - 0.6) / 120, (0 - 0.6) / 120])


def test_what_is_judged_against_each_runs_own_baseline_is_left_out_and_that_is_said():
    before, after = make_run("old"), make_run("new")
    assert compare_runs(before, after)["left_out"] == {}
    for run in (before, after):
        run["measures"]["pairwise"] = {"kind": "judged", "description": "", "informative": True}
    found = compare_runs(before, after)
    assert "pairwise" not in found["measures"]
    assert list(found["left_out"]) == ["pairwise"]
    assert "the baseline of their own run" in found["left_out"]["pairwise"]
    assert compare_runs(before, after, measures=["nDCG@10"])["left_out"] == {}
    with pytest.raises(BenchmarkError, match="'pairwise' says nothing across runs"):
        compare_runs(before, after, measures=["pairwise", "nDCG@10"])


def test_any_system_of_one_run_may_stand_against_any_of_the_other():
    before, after = make_run("old"), make_run("new")
    found = compare_runs(before, after, baseline="cosine", system="dot", measures=["squad_f1"])
    (only,) = found["comparisons"]
    assert (only["baseline"], only["candidate"], only["measure"]) == ("old/cosine", "new/dot", "squad_f1")
    inside = row({"comparisons": after["comparisons"]}, "dot", "squad_f1")
    assert [only[key] for key in ("difference", "low", "high", "p")] == pytest.approx(
        [inside[key] for key in ("difference", "low", "high", "p")]
    )
    for named in ({"system": "dot"}, {"baseline": "dot"}):
        assert {r["candidate"] for r in compare_runs(before, after, **named)["comparisons"]} == {"new/dot"}


def test_runs_of_the_same_name_are_told_apart():
    (first, *_) = compare_runs(make_run(), make_run())["comparisons"]
    assert (first["baseline"], first["candidate"]) == ("old/cosine (before)", "old/cosine (after)")


def test_questions_that_share_documents_stay_together():
    (first, *_) = compare_runs(make_run(shared=True), make_run(shared=True))["comparisons"]
    assert first["clusters"] == 60


def test_the_options_are_the_ones_of_any_comparison():
    options = ComparisonOptions(margin=0.3, correction="fdr")
    (first, *_) = compare_runs(make_run(), make_run(), options=options)["comparisons"]
    assert (first["correction"], first["equivalence"]["margin"]) == ("fdr", 0.3)


def test_what_else_differs_between_the_runs_is_told():
    after = make_run("new")
    after["configuration"] |= {"encoder": "f", "context_k": 3}
    after["versions"]["numpy"] = "3"
    changed = compare_runs(make_run(), after)["changed"]
    assert changed == {"encoder": ["e", "f"], "numpy": ["2", "3"], "context_k": [None, 3]}


@pytest.mark.parametrize(("key", "value"), [("name", "climate"), ("digest", "d2")])
def test_different_datasets_are_refused(key, value):
    after = make_run("new")
    after["dataset"][key] = value
    with pytest.raises(BenchmarkError, match=f"different datasets: {key} .* of 'old', '{value}' of 'new'"):
        compare_runs(make_run(), after)


def test_different_questions_are_refused_and_counted():
    with pytest.raises(BenchmarkError) as told:
        compare_runs(make_run(questions=120), make_run("new", questions=100))
    assert "different questions: 120 and 100, 20 only in 'old' ('q100', 'q101', 'q102' and 17 more)" in str(
        told.value
    )


def test_the_same_ids_with_other_texts_are_refused():
    after = make_run("new")
    after["queries"][7]["text"] = "Something else?"
    with pytest.raises(BenchmarkError, match=r"1 questions have another text in each run \('q007'\)"):
        compare_runs(make_run(), after)


def test_measures_of_different_judges_are_refused_and_others_are_not():
    after = make_run("new")
    after["configuration"]["judge_fingerprint"] = "j2"
    with pytest.raises(BenchmarkError, match="'faithfulness' were judged by different judges .j1 and j2:"):
        compare_runs(make_run(), after)
    found = compare_runs(make_run(), after, measures=["nDCG@10"])
    assert list(found["measures"]) == ["nDCG@10"]


def test_one_model_that_judges_in_two_ways_is_two_judges():
    before, after = make_run("old"), make_run("new")
    for run in (before, after):
        run["judge"] = {"model": "m", "fingerprint": "same", "repeats": 1, "check": None}
    assert "faithfulness" in compare_runs(before, after)["measures"]
    after["configuration"]["judge_fingerprint"] = "j2"
    with pytest.raises(BenchmarkError, match="different judges .j1 and j2: another model, settings"):
        compare_runs(before, after)


def test_where_a_run_does_not_say_how_it_was_judged_the_model_must_be_the_same():
    before, after = make_run("old"), make_run("new")
    after["configuration"]["judge_fingerprint"] = None
    with pytest.raises(BenchmarkError, match="j1 and unknown"):
        compare_runs(before, after)
    for run, model in ((before, "m1"), (after, "m2")):
        run["judge"] = {"model": "m", "fingerprint": model, "repeats": 1, "check": None}
    with pytest.raises(BenchmarkError, match="m1 and m2"):
        compare_runs(before, after)
    after["judge"]["fingerprint"] = "m1"
    assert "faithfulness" in compare_runs(before, after)["measures"]


def test_an_unknown_measure_or_system_says_what_there_is():
    with pytest.raises(BenchmarkError, match="'MAP' is not measured in both runs; both have nDCG@10"):
        compare_runs(make_run(), make_run(), measures=["MAP"])
    with pytest.raises(BenchmarkError, match="no system 'bm25' in the run 'old'; it has cosine, dot"):
        compare_runs(make_run(), make_run("new"), system="bm25")


def test_nothing_in_common_is_said():
    after = make_run("new")
    after["systems"] = {"bm25": {}}
    with pytest.raises(BenchmarkError, match="no system of the same name .cosine, dot; bm25."):
        compare_runs(make_run(), after)
    after = make_run("new")
    after["measures"] = {"MAP": {"kind": "retrieval"}}
    with pytest.raises(BenchmarkError, match="no measure in common"):
        compare_runs(make_run(), after)

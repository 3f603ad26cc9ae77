import math

import pytest

from norm_aware.benchmark.comparison.gate import check_gates
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.report.markdown import as_markdown
from norm_aware.benchmark.report.render import render
from norm_aware.benchmark.report.schema import require_valid
from norm_aware.benchmark.reporting import Reporting
from norm_aware.benchmark.results import build_results
from norm_aware.benchmark.systems.system import System
from norm_aware.console import print_comparison
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.significance import holm
from tests.benchmark.report.make_results import DOT, make_results

DOCUMENTS = tuple(Document(f"d{i}", "", f"text {i}") for i in range(12))
QUERIES = tuple(Query(f"q{i}", f"which {i}", (f"text {i}",)) for i in range(6))
DATASET = Dataset("made", DOCUMENTS, QUERIES, {query.id: {f"d{i}": 1} for i, query in enumerate(QUERIES)})
SYSTEMS = (System("cosine"), System(DOT))


def arguments():
    run = {
        (system.name, query.id): {
            "system": system.name,
            "query_id": query.id,
            "documents": [{"id": d.id, "score": 1.0, "norm": None} for d in DOCUMENTS],
            "answer": "yes",
            "seconds": 0.5,
        }
        for system in SYSTEMS
        for query in QUERIES
    }
    scores = [
        {"system": system, "query_id": query, "measure": measure, "judge": None, "value": float(i % 3) / 2}
        | {"reason": None, "seconds": 0.0}
        for i, (system, query) in enumerate(run)
        for measure in ("nDCG@10", "squad_f1", "faithfulness")
    ]
    return {
        "name": "run",
        "dataset": DATASET,
        "queries": QUERIES,
        "systems": SYSTEMS,
        "run": run,
        "scores": scores,
        "norms": {},
        "configuration": {"k": 3},
    }


def build(**changes):
    told = Reporting(**{key: changes.pop(key) for key in ("judge", "plan") if key in changes})
    return build_results(**(arguments() | changes), reporting=told)


def test_a_run_without_anything_else_found_gives_valid_results():
    results = build()
    require_valid(results)
    assert (results["attribution"], results["breakdowns"], results["judge"], results["plan"]) == (
        {},
        [],
        None,
        None,
    )
    assert results["norms"] is None
    assert results["costs"][DOT]["seconds"] == 3.0
    assert all(measure["informative"] for measure in results["measures"].values())


def test_a_rung_between_two_systems_is_paid_for_and_not_compared():
    run = {
        ("rung", "q0"): {"system": "rung", "query_id": "q0", "documents": [], "answer": None, "seconds": 2.0}
    }
    score = {"system": "rung", "query_id": "q0", "measure": "nDCG@10", "value": 1.0, "reason": None}
    given = arguments()
    results = build(run=given["run"] | run, scores=[*given["scores"], score])
    assert results["costs"]["rung"]["seconds"] == 2.0
    assert "rung" not in results["systems"]
    assert "rung" not in results["queries"][0]["systems"]


def test_what_other_steps_found_is_taken_as_it_is():
    made = make_results()
    parts = {key: made[key] for key in ("breakdowns", "judge", "plan")}
    attribution = {DOT: made["attribution"][DOT]}
    results = build(**parts, attribution=attribution, costs={"judge": made["costs"]["judge"]})
    assert {key: results[key] for key in parts} == parts
    assert results["attribution"] == attribution
    assert set(results["costs"]) == {"cosine", DOT, "judge"}


def test_a_metric_whose_judge_guesses_is_uninformative_and_says_why():
    judge = make_results()["judge"]
    measures = build(judge=judge)["measures"]
    assert measures["faithfulness"]["informative"] is False
    assert measures["faithfulness"]["why"] == judge["check"]["metrics"]["faithfulness"]["why"]
    assert measures["squad_f1"]["informative"] is True
    assert build(judge=judge | {"check": None})["measures"]["faithfulness"]["informative"] is True


def test_a_measure_of_guesses_is_compared_and_makes_no_other_claim_harder_to_show():
    trusted, guessed = build(), build(judge=make_results()["judge"])
    p = {row["measure"]: row["p"] for row in trusted["comparisons"]}
    assert {row["measure"]: row["p"] for row in guessed["comparisons"]} == p
    kept = [row for row in guessed["comparisons"] if row["measure"] != "faithfulness"]
    (out,) = [row for row in guessed["comparisons"] if row["measure"] == "faithfulness"]
    assert out["p_adjusted"] is None
    assert out["difference"] is not None
    assert [row["p_adjusted"] for row in kept] == holm([row["p"] for row in kept]).tolist()
    before = holm([row["p"] for row in trusted["comparisons"]]).tolist()
    assert [row["p_adjusted"] for row in trusted["comparisons"]] == before


def test_a_measure_outside_of_the_correction_is_withheld_by_every_reader(capsys):
    results = build(judge=make_results()["judge"])
    print_comparison(results)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│ faithfulness")]
    assert line.count("withheld") == 2
    assert "| faithfulness | withheld |" in as_markdown(results)
    assert "withheld: " in render(results)
    (gate,) = check_gates(results, ["faithfulness >= baseline - 1"])
    assert gate.outcome == "undecided"


def test_a_judged_metric_that_the_check_does_not_cover_is_uninformative_and_no_other_measure_is():
    judge = make_results()["judge"]
    check = judge["check"] | {"metrics": {"answer_accuracy": {"informative": True}}}
    measures = build(judge=judge | {"check": check})["measures"]
    assert measures["faithfulness"]["informative"] is False
    assert "does not cover" in measures["faithfulness"]["why"]
    assert {name for name, measure in measures.items() if measure["informative"]} == {"nDCG@10", "squad_f1"}
    covered = check | {"metrics": {"faithfulness": {"informative": True}}}
    assert build(judge=judge | {"check": covered})["measures"]["faithfulness"]["informative"] is True


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"costs": {"judge": {"calls": "many"}}}, "costs.judge"),
        ({"breakdowns": [{"by": "kind"}]}, r"breakdowns\[0\]"),
        ({"judge": {"model": "m"}}, "judge"),
        ({"plan": ["a"]}, "plan"),
        ({"attribution": {DOT: {"gain": {"points": [{"query_id": "q", "retrieval": math.nan}]}}}}, "gain"),
    ],
)
def test_a_part_that_breaks_the_schema_is_refused_before_anything_is_written(changes, place):
    with pytest.raises(BenchmarkError, match=f"break their schema at .*{place}"):
        build(**changes)

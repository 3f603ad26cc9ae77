from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.benchmark.comparison.compare import as_row, compare
from norm_aware.benchmark.comparison.gate import GATE_FAILED, Gate, check_gates, exit_code, parse_gate
from norm_aware.benchmark.comparison.saved import saved_relevant
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.mean_interval import FEW, mean_interval
from tests.benchmark.comparison.made import make_run

RUN = make_run()
ROW = next(row for row in RUN["comparisons"] if row["measure"] == "nDCG@10")


def flat_run(questions, *bases, shared=False, clustered=True):
    """A run whose dot has 0.2 more than cosine on every question: on the first the first base and so on."""
    run = make_run(questions=questions, shared=shared)
    values = {"cosine": {"nDCG@10": {}}, "dot": {"nDCG@10": {}}}
    for at, query in enumerate(run["queries"]):
        base = bases[at % len(bases)]
        for system, value in (("cosine", base), ("dot", base + 0.2)):
            values[system]["nDCG@10"][query["query_id"]] = value
            query["systems"][system]["measures"]["nDCG@10"] = value
    clusters = question_clusters(saved_relevant(run)) if clustered else None
    rows = compare(values, baseline="cosine", measures=["nDCG@10"], clusters=clusters)
    return {**run, "comparisons": list(map(as_row, rows)), "plan": {"compare": {"cluster": clustered}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nDCG@10 >= baseline - 0.01", ("nDCG@10", ">=", True, -0.01, None)),
        ("nDCG@10>=baseline-.01", ("nDCG@10", ">=", True, -0.01, None)),
        ("nDCG@10 > baseline", ("nDCG@10", ">", True, 0.0, None)),
        (" squad_f1 > baseline + 1e-2 ", ("squad_f1", ">", True, 0.01, None)),
        ("R@5 >= 0.4", ("R@5", ">=", False, 0.4, None)),
        ("dot: nDCG@10 >= 0.4", ("nDCG@10", ">=", False, 0.4, "dot")),
        ("document_power=0.5: nDCG@10 >= baseline", ("nDCG@10", ">=", True, 0.0, "document_power=0.5")),
        ("errors(mode=strict) <= baseline + 0.02", ("errors(mode=strict)", "<=", True, 0.02, None)),
    ],
)  # fmt: skip
def test_a_gate_is_read_as_it_is_written(text, expected):
    gate = parse_gate(text)
    assert (gate.measure, gate.operator, gate.relative, gate.bound, gate.system) == expected
    assert gate.text == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "nDCG@10", ">= 0.4", "nDCG@10 >= base", "nDCG@10 >= baseline * 2", "nDCG@10 = 0.4", "dot: >= 0.4",
     "nDCG@10 >= 0.4 >= 0.3", "nDCG@10 >= nan", "nDCG@10 >= baseline - -1", "0.3 <"],
)  # fmt: skip
def test_what_is_no_gate_is_refused_with_an_example(text):
    with pytest.raises(BenchmarkError, match="is no gate; write one as 'nDCG@10 >= baseline - 0.01'"):
        parse_gate(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text):
    with contextlib.suppress(BenchmarkError):
        assert isinstance(parse_gate(text), Gate)


@pytest.mark.parametrize(
    ("offset", "outcome"),
    [("low", "passed"), ("high", "undecided"), ("difference", "undecided"), ("above", "failed")],
)
def test_the_intervals_bound_decides_and_not_the_mean(offset, outcome):
    bound = ROW["high"] + 0.001 if offset == "above" else ROW[offset]
    (found,) = check_gates(RUN, [f"nDCG@10 >= baseline + {bound!r}"])
    assert found.outcome == outcome
    assert found.passed == (outcome == "passed")
    assert exit_code([found]) == (0 if outcome == "passed" else GATE_FAILED)


def test_strictly_above_is_not_at_the_bound():
    gates = [f"nDCG@10 {operator} baseline + {ROW['low']!r}" for operator in (">=", ">")]
    assert [found.outcome for found in check_gates(RUN, gates)] == ["passed", "undecided"]


def test_a_gate_from_above_looks_at_the_upper_end():
    gates = [f"nDCG@10 <= baseline + {bound!r}" for bound in (ROW["high"], ROW["difference"])]
    gates.append(f"nDCG@10 < baseline + {ROW['low'] - 0.001!r}")
    assert [found.outcome for found in check_gates(RUN, gates)] == ["passed", "undecided", "failed"]


def test_the_line_says_everything_in_one_line():
    (found,) = check_gates(RUN, ["nDCG@10 >= baseline - 0.01"])
    assert found.line == (
        f"gate passed: dot: nDCG@10 >= baseline - 0.01 (difference {ROW['difference']:+.4f}, 95% interval "
        f"{ROW['low']:+.4f} to {ROW['high']:+.4f}, 120 questions)"
    )


def test_a_number_is_held_against_the_interval_of_the_mean():
    values = [query["systems"]["dot"]["measures"]["nDCG@10"] for query in RUN["queries"]]
    interval = mean_interval(values)
    outcomes = [
        check_gates(RUN, [f"nDCG@10 >= {bound!r}"])[0].outcome
        for bound in (interval.low, interval.low + 1e-9, interval.high + 1e-9)
    ]
    assert outcomes == ["passed", "undecided", "failed"]


def test_the_mean_of_questions_that_share_documents_is_less_sure():
    alone, shared = (check_gates(run, ["nDCG@10 >= 0.1"])[0].line for run in (RUN, make_run(shared=True)))
    assert alone != shared


def test_without_a_system_every_candidate_must_pass():
    run = make_run(gains={"dot": 0.1, "half": -0.1})
    found = check_gates(run, ["nDCG@10 >= baseline"])
    assert [(result.system, result.outcome) for result in found] == [("dot", "passed"), ("half", "failed")]
    assert exit_code(found) == GATE_FAILED
    assert exit_code(check_gates(run, ["dot: nDCG@10 >= baseline"])) == 0


def test_the_baseline_itself_can_be_held_against_a_number():
    (found,) = check_gates(make_run(gains={}), ["cosine: nDCG@10 >= 0.4"])
    assert found.passed


def test_systems_that_are_identical_pass_a_gate_that_allows_no_loss():
    run = make_run(gains={"dot": 0.0})
    for row in run["comparisons"]:
        row.update(difference=0.0, low=0.0, high=0.0)
    (found,) = check_gates(run, ["nDCG@10 >= baseline"])
    assert found.passed
    assert found.line.endswith("120 questions, the same on every one)")


@pytest.mark.parametrize("questions", [2, FEW - 1, FEW])
@pytest.mark.parametrize("base", [0.5, 0.1 + 0.2])
def test_where_nothing_varies_between_few_questions_nothing_is_decided(questions, base):
    run = flat_run(questions, base)
    gates = ["nDCG@10 >= baseline", "nDCG@10 >= 0.2", "nDCG@10 >= baseline + 0.3", "nDCG@10 >= 0.9"]
    decided = ["passed", "passed", "failed", "failed"]
    found = check_gates(run, gates)
    assert [of.outcome for of in found] == (decided if questions == FEW else ["undecided"] * 4)
    few = ", too few to decide on where nothing varies: 50 are needed" if questions < FEW else ""
    for of in found:
        assert of.line.endswith(f"{questions} questions, the same on every one{few})")


def test_differences_that_are_equal_but_for_rounding_do_not_vary():
    run = flat_run(3, 0.1, 0.2, 0.3)
    (row,) = (row for row in run["comparisons"] if row["measure"] == "nDCG@10")
    assert row["low"] < row["high"]
    (found,) = check_gates(run, ["nDCG@10 >= baseline"])
    assert (found.outcome, "the same on every one" in found.line) == ("undecided", True)


def test_questions_that_share_documents_are_few_as_their_clusters_are_unless_the_plan_says_otherwise():
    run = flat_run(2 * FEW - 2, 0.5, shared=True)
    gates = ["nDCG@10 >= baseline", "nDCG@10 >= 0.2"]
    found = check_gates(run, gates)
    assert [of.outcome for of in found] == ["undecided"] * 2
    assert all("98 questions in 49 clusters, the same" in of.line for of in found)
    alone = flat_run(2 * FEW - 2, 0.5, shared=True, clustered=False)
    assert [of.outcome for of in check_gates(alone, gates)] == ["passed"] * 2


def test_the_plan_says_whether_the_mean_is_taken_over_clusters():
    shared = make_run(shared=True)
    lines = {}
    for told, plan in (("yes", {"compare": {"cluster": True}}), ("no", {"compare": {"cluster": False}})):
        lines[told] = check_gates({**shared, "plan": plan}, ["nDCG@10 >= 0.1"])[0].line
    assert lines["no"] == check_gates(RUN, ["nDCG@10 >= 0.1"])[0].line
    assert lines["yes"] == check_gates(shared, ["nDCG@10 >= 0.1"])[0].line != lines["no"]


def test_a_candidate_that_fails_on_many_questions_does_not_pass_by_the_rest():
    few, many = (check_gates(make_run(missing=count), ["nDCG@10 >= baseline"])[0] for count in (3, 30))
    assert few.passed
    assert many.outcome == "undecided"
    assert "30 more without a value" in many.line
    assert check_gates(make_run(missing=30), ["nDCG@10 >= 0.2"])[0].outcome == "undecided"


def test_a_measure_whose_judge_cannot_judge_decides_nothing():
    run = make_run()
    run["measures"]["faithfulness"] |= {"informative": False, "why": "the judge says yes to everything"}
    for gate in ("faithfulness >= baseline - 1", "faithfulness >= 0"):
        (found,) = check_gates(run, [gate])
        assert found.outcome == "undecided"
        reason = "uninformative: the judge says yes to everything"  # and no figure: it would be a guess's
        assert found.line == f"gate undecided: dot: {gate} ({reason})"


def test_no_question_with_both_values_decides_nothing():
    run = make_run()
    for row in run["comparisons"]:
        row.update(difference=None, low=None, high=None, n=0)
    for query in run["queries"]:
        query["systems"]["dot"]["measures"]["nDCG@10"] = None
    for gate in ("nDCG@10 >= baseline - 1", "nDCG@10 >= 0"):
        (found,) = check_gates(run, [gate])
        assert found.outcome == "undecided"
        assert "no question has a value" in found.line


def test_a_single_question_decides_nothing():
    for gate in ("nDCG@10 >= baseline - 1", "nDCG@10 >= 0"):
        (found,) = check_gates(make_run(questions=1), [gate])
        assert found.outcome == "undecided"
        assert "no interval, 1 question)" in found.line


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("MAP >= baseline", "'MAP', which was not measured; there are nDCG@10, squad_f1"),
        ("bm25: nDCG@10 >= 0.1", "'bm25', which is not one of cosine, dot"),
        ("cosine: nDCG@10 >= baseline", "'cosine', which is not one of dot"),
    ],
)
def test_a_gate_on_what_the_run_has_not_says_what_it_has(gate, message):
    with pytest.raises(BenchmarkError, match=message):
        check_gates(RUN, [gate])


def test_a_run_of_the_baseline_alone_has_no_candidate_to_gate():
    with pytest.raises(BenchmarkError, match="'cosine: nDCG@10 >= 0.4'"):
        check_gates(make_run(gains={}), ["nDCG@10 >= baseline"])

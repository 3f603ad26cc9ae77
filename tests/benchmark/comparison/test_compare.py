from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.stats

from norm_aware.benchmark.comparison.compare import adjusted, as_row, compare, mean_values
from norm_aware.benchmark.comparison.comparison import NULL_HYPOTHESES
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.comparison.scale import Scale
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.equivalence import equivalence
from norm_aware.numeric.mean_interval import mean_interval
from norm_aware.numeric.power import minimum_detectable, needed_questions
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p
from norm_aware.numeric.superiority import superiority


def column(values) -> dict[str, float | None]:
    return {f"q{i}": value for i, value in enumerate(values)}


GENERATOR = np.random.default_rng(0)
BASE = GENERATOR.random(40)
BETTER = BASE + GENERATOR.normal(0.1, 0.1, 40)


def test_a_comparison_is_candidate_minus_baseline_paired_per_query():
    values = {"cosine": {"m": column(BASE)}, "dot": {"m": column(BETTER)}}
    (found,) = compare(values, baseline="cosine", measures=["m"])
    differences = BETTER - BASE
    assert found.difference == pytest.approx(differences.mean())
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(differences), abs=0.01)
    assert found.p == pytest.approx(permutation_p(differences), abs=0.005)
    assert found.effect_size == pytest.approx(differences.mean() / differences.std(ddof=1))
    assert (found.n, found.missing_baseline, found.missing_candidate) == (40, 0, 0)
    assert found.wins + found.losses + found.ties == 40
    assert found.low < found.difference < found.high


def test_a_missing_value_leaves_both_sides_and_is_counted_on_its_own():
    base, other = column(BASE), column(BETTER)
    base["q0"] = None
    other["q1"] = other["q2"] = None
    del other["q3"]
    (found,) = compare({"a": {"m": base}, "b": {"m": other}}, baseline="a", measures=["m"])
    assert (found.n, found.missing_baseline, found.missing_candidate) == (36, 1, 3)
    assert found.difference == pytest.approx((BETTER - BASE)[4:].mean())


def test_holm_runs_over_all_candidates_and_measures():
    values = {
        "a": {"m": column(BASE), "k": column(BASE)},
        "b": {"m": column(BETTER), "k": column(BASE)},
        "c": {"m": column(BASE), "k": column(BETTER)},
    }
    found = compare(values, baseline="a", measures=["m", "k"])
    assert [(c.candidate, c.measure) for c in found] == [("b", "m"), ("b", "k"), ("c", "m"), ("c", "k")]
    assert [c.p_adjusted for c in found] == pytest.approx(holm([c.p for c in found]).tolist())
    assert found[1].p == 1.0


def test_the_correction_may_be_the_false_discovery_rate():
    values = {
        "a": {f"m{i}": column(BASE) for i in range(4)},
        "b": {f"m{i}": column(BASE + GENERATOR.normal(0.02 * i, 0.1, 40)) for i in range(4)},
    }
    options = ComparisonOptions(correction="fdr")
    found = compare(values, baseline="a", measures=list(values["a"]), options=options)
    oracle = scipy.stats.false_discovery_control([c.p for c in found])
    assert [c.p_adjusted for c in found] == pytest.approx(oracle.tolist())
    assert {c.correction for c in found} == {"fdr"}


def test_measures_outside_of_the_correction_have_no_adjusted_p_and_cost_the_others_nothing():
    values = {
        "a": {f"m{i}": column(BASE) for i in range(4)},
        "b": {f"m{i}": column(BASE + GENERATOR.normal(0.02 * i, 0.1, 40)) for i in range(4)},
    }
    every = compare(values, baseline="a", measures=["m0", "m1", "m2", "m3"])
    found = adjusted(every, "holm", outside={"m0", "m2"})
    alone = compare(values, baseline="a", measures=["m1", "m3"])
    assert [c.p_adjusted for c in found] == [None, alone[0].p_adjusted, None, alone[1].p_adjusted]
    assert [c.p for c in found] == [c.p for c in every]
    assert adjusted(found, "holm") == every


def test_nothing_to_compare_is_said_and_not_guessed():
    empty = compare({"a": {}, "b": {"m": column([None])}}, baseline="a", measures=["m"])[0]
    told = {name: value for name, value in as_row(empty).items() if value is not None}
    assert told == {
        "baseline": "a", "candidate": "b", "measure": "m", "interval": "none",
        "interval_reason": "no question has both values", "correction": "holm", "n": 0, "missing_baseline": 1,
        "missing_candidate": 1, "wins": 0, "losses": 0, "ties": 0, "higher_is_better": True,
    }  # fmt: skip


def test_a_single_question_has_a_difference_and_no_interval():
    single = compare({"a": {"m": column([0.1])}, "b": {"m": column([0.2])}}, baseline="a", measures=["m"])[0]
    assert (single.n, single.difference) == (1, pytest.approx(0.1))
    assert (single.low, single.high, single.effect_size, single.equivalence) == (None, None, None, None)
    assert single.p == 1
    assert "single question" in single.interval_reason


def test_every_row_can_be_written_as_json():
    values = {
        "a": {"m": column(BASE), "k": column([0.1]), "none": {}},
        "b": {"m": column([*BETTER[1:], None]), "k": column([0.2]), "none": {}},
    }
    for comparison in compare(values, baseline="a", measures=["m", "k", "none"]):
        json.dumps(as_row(comparison), allow_nan=False)


def test_each_figure_is_the_one_of_its_own_function():
    values = {"a": {"m": column(BASE)}, "b": {"m": column(BETTER)}}
    (found,) = compare(values, baseline="a", measures=["m"], options=ComparisonOptions(margin=0.05))
    differences = BETTER - BASE
    interval = mean_interval(differences)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert (found.interval, found.interval_reason) == (interval.method, interval.reason)
    assert found.superiority == superiority(differences).probability
    assert (found.superiority_low, found.superiority_high) == (
        superiority(differences).low,
        superiority(differences).high,
    )
    assert found.minimum_detectable == pytest.approx(minimum_detectable(differences))
    assert found.needed == needed_questions(differences)
    oracle = equivalence(differences, margin=0.05, span=max(1, BETTER.max()) - min(0, BETTER.min()))
    assert (found.equivalence.p, found.equivalence.outcome) == (pytest.approx(oracle.p), oracle.outcome)
    assert (found.clusters, found.worst_case) == (None, None)


def test_a_measure_that_is_missing_elsewhere_does_not_change_another_ones_figures():
    alone = {"a": {"m": column(BASE)}, "b": {"m": column(BETTER)}}
    beside = {
        "a": {"m": column(BASE), "k": column([None, *BASE[1:]])},
        "b": {"m": column(BETTER), "k": column([*BETTER[:-1], None])},
    }
    (expected,) = compare(alone, baseline="a", measures=["m"])
    found = compare(beside, baseline="a", measures=["m", "k"])
    assert (found[0].low, found[0].high) == pytest.approx((expected.low, expected.high))
    (other,) = compare(
        {"a": {"k": column([None, *BASE[1:]])}, "b": {"k": column([*BETTER[:-1], None])}},
        baseline="a",
        measures=["k"],
    )
    assert (found[1].low, found[1].high) == pytest.approx((other.low, other.high))
    assert found[1].p == other.p


def test_a_missing_value_is_counted_against_the_candidate_in_the_worst_case():
    base, other = column([0.5] * 6), column([0.6, 0.6, 0.6, None, 0.6, None])
    base["q4"] = base["q5"] = None
    (found,) = compare({"a": {"m": base}, "b": {"m": other}}, baseline="a", measures=["m"])
    worst = np.array([0.1, 0.1, 0.1, 0 - 0.5, 0.6 - 1, 0 - 1])
    assert found.difference == pytest.approx(0.1)
    assert found.worst_case.difference == pytest.approx(worst.mean())
    assert found.worst_case.p == pytest.approx(permutation_p(worst))
    interval = mean_interval(worst)
    assert (found.worst_case.low, found.worst_case.high) == pytest.approx((interval.low, interval.high))


def test_the_worst_value_of_a_measure_that_is_a_cosine_is_minus_1():
    values = {"a": {"answer_relevancy": column([0.5, 0.5])}, "b": {"answer_relevancy": column([0.6, None])}}
    (found,) = compare(values, baseline="a", measures=["answer_relevancy"])
    assert found.worst_case.difference == pytest.approx((0.1 + -1 - 0.5) / 2)


def test_less_is_better_where_the_scale_says_so():
    values = {"a": {"errors": column([0.5, 0.4, None])}, "b": {"errors": column([0.2, 0.1, 0.3])}}
    scales = {"errors": Scale(higher_is_better=False)}
    (found,) = compare(values, baseline="a", measures=["errors"], scales=scales)
    assert found.difference == pytest.approx(-0.3)
    assert (found.wins, found.losses, found.superiority) == (2, 0, 1.0)
    assert found.worst_case.difference == pytest.approx((-0.3 - 0.3 + 0.3 - 0.0) / 3)
    assert not found.higher_is_better
    better = np.abs(GENERATOR.normal(0.02, 0.05, 200))
    values = {"a": {"errors": column(better + 0.02)}, "b": {"errors": column(np.zeros(200))}}
    (found,) = compare(values, baseline="a", measures=["errors"], scales=scales)
    assert found.equivalence.outcome == "no worse"
    assert found.equivalence.low < found.difference < found.equivalence.high < 0


def test_clusters_are_resampled_flipped_and_counted_as_wholes():
    base = np.repeat(BASE, 5)
    values = {"a": {"m": column(base)}, "b": {"m": column(np.repeat(BETTER, 5))}}
    clusters = {f"q{i}": i // 5 for i in range(200)}
    (found,) = compare(values, baseline="a", measures=["m"], clusters=clusters)
    (naive,) = compare(values, baseline="a", measures=["m"])
    (once,) = compare({"a": {"m": column(BASE)}, "b": {"m": column(BETTER)}}, baseline="a", measures=["m"])
    assert (found.n, found.clusters) == (200, 40)
    assert (found.low, found.high) == pytest.approx((once.low, once.high), abs=0.002)
    assert naive.high - naive.low < 0.6 * (found.high - found.low)
    assert found.minimum_detectable == pytest.approx(once.minimum_detectable)
    assert found.equivalence.p == pytest.approx(once.equivalence.p, abs=1e-6)


def test_a_question_without_a_cluster_and_an_unknown_baseline_are_refused():
    values = {"a": {"m": column(BASE)}, "b": {"m": column(BETTER)}}
    with pytest.raises(BenchmarkError, match="39 questions are in no cluster, 'q1' among them"):
        compare(values, baseline="a", measures=["m"], clusters={"q0": 0})
    with pytest.raises(BenchmarkError, match=r"'c' is not among the systems \(a, b\)"):
        compare(values, baseline="c", measures=["m"])


def test_the_seed_and_nothing_else_decides_the_draws():
    values = {"a": {"m": column(np.tile(BASE, 3))}, "b": {"m": column(np.tile(BETTER, 3))}}
    once, again, other = (
        compare(values, baseline="a", measures=["m"], options=ComparisonOptions(seed=seed))[0]
        for seed in (3, 3, 4)
    )
    assert once == again
    assert once.interval == "bca"
    assert (once.low, once.high) != (other.low, other.high)


def test_every_p_has_its_null_hypothesis_told():
    values = {"a": {"m": column([*BASE, None])}, "b": {"m": column([*BETTER, 1.0])}}
    row = as_row(compare(values, baseline="a", measures=["m"])[0])
    nested = [f"{name}.{key}" for name in ("worst_case", "equivalence") for key in row[name] if key[0] == "p"]
    assert set(NULL_HYPOTHESES) == {"p", "p_adjusted", *nested}


def test_a_mean_is_over_the_queries_with_a_value():
    means = mean_values({"a": {"m": {"q0": 1.0, "q1": None, "q2": 0.0}}}, measures=["m", "k"])
    assert means == {"a": {"m": 0.5, "k": None}}

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.comparison.compare import as_row, compare, mean_values
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p


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


def test_nothing_to_compare_is_said_and_not_guessed():
    empty = compare({"a": {}, "b": {"m": column([None])}}, baseline="a", measures=["m"])[0]
    assert as_row(empty) == {
        "baseline": "a", "candidate": "b", "measure": "m", "difference": None, "low": None, "high": None,
        "p": None, "p_adjusted": None, "effect_size": None, "n": 0, "missing_baseline": 1, "missing_candidate": 1,
        "wins": 0, "losses": 0, "ties": 0,
    }  # fmt: skip
    single = compare({"a": {"m": column([0.1])}, "b": {"m": column([0.2])}}, baseline="a", measures=["m"])[0]
    assert single.effect_size is None
    assert single.n == 1


def test_a_mean_is_over_the_queries_with_a_value():
    means = mean_values({"a": {"m": {"q0": 1.0, "q1": None, "q2": 0.0}}}, measures=["m", "k"])
    assert means == {"a": {"m": 0.5, "k": None}}

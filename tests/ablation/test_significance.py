import json

import numpy as np
import pytest
from scipy import stats

from norm_aware.ablation.scorings import CHOSEN, SCORINGS
from norm_aware.ablation.significance import NULL_HYPOTHESES, compare, mean_sets, means_of
from norm_aware.errors import TrainingError
from norm_aware.numeric.significance import permutation_p
from tests.ablation.worlds import OWN, SETS, ablation


@pytest.fixture(scope="module")
def world():
    return ablation()


@pytest.fixture(scope="module")
def rows(world):
    return compare(*world)


def one(rows, **wanted):
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def test_every_arm_meets_every_reference_on_every_set_and_mean(rows):
    scopes = len(SETS) + 2
    chosen = 4 + 6 * len(CHOSEN)  # of post_hoc and scoring, which are on no in-domain set
    expected = {"cosine": 4, "training": 4, "untouched": 5, "post_hoc": 4, "scoring": 6 * (len(SCORINGS) - 1)}
    assert {row["kind"] for row in rows} == set(expected)
    assert len(rows) == sum(expected.values()) * scopes - chosen
    assert sum(row["kind"] == "training" for row in rows) == 4 * scopes


def test_an_exponent_chosen_on_the_in_domain_sets_is_put_to_no_test_there(rows):
    found = {
        scoring: {row["scope"] for row in rows if scoring in (row["scoring"], row["reference_scoring"])}
        for scoring in SCORINGS
    }
    assert {scoring for scoring, scopes in found.items() if "medquad" not in scopes} == set(CHOSEN)
    assert all("scifact" in scopes for scopes in found.values())


def test_training_alone_is_read_with_both_models_under_cosine(world, rows):
    values, _ = world
    row = one(rows, kind="training", arm="dot", scope="covidqa")
    ours, theirs = ([values[arm, s, "covidqa", "cosine"] for s in "012"] for arm in ("dot", "cosine"))
    assert row["difference"] == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert row["difference"] != pytest.approx(
        one(rows, kind="cosine", arm="dot", scope="covidqa")["difference"], abs=1e-4
    )


def test_without_a_cosine_arm_there_is_nothing_to_compare_with_it(world):
    values, results = world
    arms = {arm: about for arm, about in results["arms"].items() if arm != "cosine"}
    assert {row["kind"] for row in compare(values, {**results, "arms": arms})} == {"untouched", "scoring"}


def test_a_mean_of_the_same_sets_is_made_once(world):
    values, results = world
    sets = {name: {**about, "symmetric": False} for name, about in SETS.items()}
    assert list(means_of(SETS)) == ["out_of_domain", "asymmetric"]
    assert list(means_of(sets)) == ["out_of_domain"]
    assert "asymmetric" not in {row["scope"] for row in compare(values, {**results, "sets": sets})}


def test_a_sets_difference_is_that_of_the_means_and_its_seeds_p_is_scipys(world, rows):
    values, _ = world
    row = one(rows, kind="cosine", arm="query_normalized", scope="scifact")
    ours, theirs = (
        np.array([values[arm, seed, "scifact", "own"] for seed in "012"])
        for arm in ("query_normalized", "cosine")
    )
    assert row["difference"] == pytest.approx(ours.mean() - theirs.mean())
    expected = stats.ttest_rel(ours.mean(axis=1), theirs.mean(axis=1)).pvalue
    assert row["p_seeds"] == pytest.approx(expected, abs=1e-8)
    assert row["p_queries"] == pytest.approx(permutation_p((ours - theirs).mean(axis=0)), abs=1e-3)
    assert (row["sets"], row["queries"], row["seeds"]) == (1, 60, 3)


def test_a_mean_weighs_every_out_of_domain_set_the_same(rows):
    wanted = {"kind": "untouched", "arm": "learnable"}
    for scope, names in (
        ("out_of_domain", ["scifact", "covidqa", "stsb"]),
        ("asymmetric", ["scifact", "covidqa"]),
    ):
        assert mean_sets(SETS, scope) == names
        parts = [one(rows, **wanted, scope=name)["difference"] for name in names]
        assert one(rows, **wanted, scope=scope)["difference"] == pytest.approx(np.mean(parts))


def test_the_planted_differences_are_found_and_the_planted_zero_is_not(rows):
    wanted = {"kind": "cosine", "scope": "out_of_domain"}
    gain = one(rows, **wanted, arm="query_normalized")
    assert gain["low"] < 0.04 < gain["high"] or gain["difference"] == pytest.approx(0.04, abs=0.01)
    assert gain["p_adjusted"] < 0.05
    assert one(rows, **wanted, arm="dot")["high"] < 0
    assert one(rows, **wanted, arm="document_normalized")["p_adjusted"] > 0.05


def test_what_unnormalising_does_is_read_within_one_model(world, rows):
    values, _ = world
    row = one(rows, kind="scoring", arm="untouched", scoring="dot", scope="covidqa")
    ours, theirs = (values["untouched", "", "covidqa", scoring] for scoring in ("dot", "cosine"))
    assert row["difference"] == pytest.approx(ours.mean() - theirs.mean())
    assert row["p"] == pytest.approx(stats.ttest_rel(ours, theirs).pvalue, abs=1e-8)
    assert (row["seeds"], row["p_seeds"]) == (1, None)


def test_holm_runs_within_a_kind_over_the_means_and_over_the_sets(rows):
    for level, scopes in (("mean", 2), ("set", len(SETS))):
        family = [row for row in rows if row["kind"] == "cosine" and row["level"] == level]
        smallest = min(family, key=lambda row: row["p"])
        assert len(family) == scopes * (len(OWN) - 1)
        assert smallest["p_adjusted"] == pytest.approx(min(1, smallest["p"] * len(family)))
    assert all(row["p_adjusted"] >= row["p"] for row in rows)


def test_the_rows_are_json_and_hold_every_p_that_has_a_null_hypothesis(rows):
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert all(NULL_HYPOTHESES.keys() <= row.keys() for row in rows)


def test_under_the_null_a_whole_family_rarely_makes_a_claim():
    generator = np.random.default_rng(0)
    sets = {name: {**SETS[name], "queries": 40} for name in ("scifact", "covidqa")}
    arms = {
        arm: {"own": "dot", "runs": {"0": {}, "1": {}, "2": {}}} for arm in ("cosine", "dot", "learnable")
    }
    results = {"sets": sets, "arms": arms, "scorings": ["cosine", "dot"]}
    claims = 0
    for _ in range(60):
        values = {}
        for name in sets:
            ease = generator.normal(0.5, 0.2, 40)
            for arm in arms:
                for seed in "012":
                    values[arm, seed, name, "own"] = ease + generator.normal(0, 0.1, 40)
        claims += any(row["p_adjusted"] < 0.05 for row in compare(values, results) if row["level"] == "mean")
    assert claims <= 7  # 3 expected at most


def test_a_comparison_that_lacks_values_on_a_set_has_no_row_there_nor_on_the_mean(world):
    values, results = world
    fewer = {key: value for key, value in values.items() if key[2:] != ("stsb", "anti_hubness")}
    scopes = {row["scope"] for row in compare(fewer, results) if row["scoring"] == "anti_hubness"}
    assert scopes == {"scifact", "covidqa", "asymmetric"}


def test_only_seeds_that_both_have_are_compared(world):
    values, results = world
    runs = dict(list(results["arms"]["dot"]["runs"].items())[:2])
    arms = {**results["arms"], "dot": {**results["arms"]["dot"], "runs": runs}}
    rows = compare(values, {**results, "arms": arms})
    assert one(rows, kind="cosine", arm="dot", scope="scifact")["seeds"] == 2


def test_lists_that_do_not_belong_together_are_refused(world):
    values, results = world
    with pytest.raises(TrainingError, match="run the ablation again"):
        compare({**values, ("dot", "0", "scifact", "own"): np.zeros(3)}, results)
    with pytest.raises(TrainingError, match="NaN"):
        compare({**values, ("dot", "0", "scifact", "own"): np.full(60, np.nan)}, results)

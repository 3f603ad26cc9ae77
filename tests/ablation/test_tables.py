import numpy as np
import pytest

from norm_aware.ablation.tables import (
    by_set,
    condition_table,
    grid,
    grids,
    norm_tables,
    outcome,
    scored,
    verdicts,
)
from tests.ablation.worlds import OWN, SCORINGS, SETS

OUT = ["scifact", "covidqa", "stsb"]


def cell(table, arm, column):
    return dict(table.rows)[arm][table.columns.index(column)]


def test_a_cell_is_the_mean_and_the_standard_deviation_over_seeds_of_the_mean_over_sets(results):
    found = cell(grid(results, OUT, "x"), "dot", "length")
    of_seeds = [
        np.mean([run["grid"][name]["length"] for name in OUT])
        for run in results["arms"]["dot"]["runs"].values()
    ]
    assert found.mean == pytest.approx(np.mean(of_seeds))
    assert found.spread == pytest.approx(np.std(of_seeds, ddof=1))


def test_the_arms_own_similarity_is_its_first_column_and_what_ranks_like_it_is_marked(results):
    table = grid(results, OUT, "x")
    for arm, like in OWN.items():
        assert cell(table, arm, "own similarity").mean == pytest.approx(cell(table, arm, like).mean)
        marked = {name for name in SCORINGS if cell(table, arm, name).own}
        assert marked == ({like} if arm != "learnable" else set())  # its power is its own
    assert cell(table, "untouched", "own similarity") == cell(table, "untouched", "cosine")


def test_exactly_the_highest_of_each_column_is_best(results):
    table = grid(results, OUT, "x")
    for at in range(len(table.columns)):
        column = [cells[at] for _, cells in table.rows]
        assert [c.best for c in column] == [c.mean == max(c.mean for c in column) for c in column]


def test_there_is_a_grid_for_every_mean_and_every_set_and_one_in_domain(results):
    of_means, of_sets = grids(results)
    assert [table.title for table in of_means] == [
        "mean of the out-of-domain sets",
        "mean of the asymmetric out-of-domain sets",
        "in domain: medquad",
    ]
    assert [table.title for table in of_sets] == list(SETS)


def test_a_set_alone_is_the_same_in_the_table_by_set_and_in_its_grid(results):
    for arm in ("untouched", *OWN):
        expected = cell(grid(results, ["stsb"], "x"), arm, "own similarity")
        assert cell(by_set(results), "stsb", arm).mean == pytest.approx(expected.mean)


def test_a_number_that_was_not_measured_leaves_a_hole_or_is_left_out_of_the_mean(results):
    some = {
        **results["untouched_norms"],
        "scifact": {"cohens_d": None},
        "covidqa": {"cohens_d": float("nan")},
    }
    mean, *of_sets = norm_tables({**results, "untouched_norms": some})
    assert cell(mean, "untouched", "Cohen's d").mean == pytest.approx(some["stsb"]["cohens_d"])
    assert cell(of_sets[1], "untouched", "Cohen's d").mean is None


def test_one_seed_has_no_spread(results):
    one = {arm: {**a, "runs": {"0": a["runs"]["0"]}} for arm, a in results["arms"].items()}
    assert {c.spread for _, cells in by_set({**results, "arms": one}).rows for c in cells} == {None}


def test_condition_numbers_have_a_row_for_every_model_that_was_measured(results):
    table = condition_table(results, "x")
    assert [name for name, _ in table.rows] == ["untouched", *OWN]
    assert cell(table, "untouched", "queries").mean == 31.0
    bare = {arm: {**about, "runs": {}} for arm, about in results["arms"].items()}
    assert condition_table({**results, "arms": bare, "untouched_conditioning": None}, "x") is None


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
    assert len(found) == 2 * len(OWN) - 1
    dot = found["cosine", "dot"]
    assert (dot["outcome"], dot["better"], dot["worse"], dot["sets"]) == ("worse", 0, 3, 3)


def test_a_side_is_named_by_its_model_and_by_a_scoring_that_is_not_its_own():
    row = {"arm": "dot", "scoring": "own", "reference": "cosine", "reference_scoring": "anti_hubness"}
    assert (scored(row), scored(row, "reference")) == ("dot", "cosine by anti_hubness")
    assert (
        scored({"reference": "untouched", "reference_scoring": "cosine"}, "reference") == "the untouched base"
    )

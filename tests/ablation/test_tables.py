import copy

import numpy as np
import pytest

from norm_aware.ablation.scorings import CONTROLS, SCORINGS
from norm_aware.ablation.tables import (
    CHOSEN_ON,
    by_set,
    chosen_exponents,
    condition_table,
    ended,
    grid,
    grids,
    norm_tables,
)
from tests.ablation.worlds import OWN, SETS

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
        top = None if table.columns[at] in CONTROLS else max(c.mean for c in column)
        assert [c.best for c in column] == [c.mean == top for c in column]
    assert any(c.best for _, cells in table.rows for c in cells)


def test_there_is_a_grid_for_every_mean_and_every_set_and_one_in_domain(results):
    of_means, of_sets = grids(results)
    assert [table.title for table in of_means] == [
        "mean of the out-of-domain sets",
        "mean of the asymmetric out-of-domain sets",
        f"in domain: medquad{CHOSEN_ON}",
    ]
    assert [table.title for table in of_sets] == [f"medquad{CHOSEN_ON}", *list(SETS)[1:]]
    sets = {name: {**about, "symmetric": False} for name, about in SETS.items()}
    assert len(grids({**results, "sets": sets})[0]) == 2  # both means are of the same sets


def test_a_similarity_that_a_learned_gamma_is_part_of_ranks_as_no_scoring(results):
    arms = copy.deepcopy(results["arms"])
    arms["cosine"]["runs"]["1"]["gamma"] = 0.3412
    table = grid({**results, "arms": arms}, OUT, "x")
    assert not any(cell(table, "cosine", name).own for name in SCORINGS)
    assert cell(table, "cosine", "own similarity").own


def test_what_an_arm_ended_with_is_named_once_in_three_digits_with_its_gamma(results):
    arms = copy.deepcopy(results["arms"])
    assert ended(arms["learnable"]) == ["query_power=0.3 document_power=0.8"]
    arms["cosine"]["runs"]["1"]["gamma"] = 0.3412
    assert ended(arms["cosine"]) == ["cosine", "cosine, gamma 0.341"]


def test_the_exponents_are_those_each_model_was_given(results):
    arms = copy.deepcopy(results["arms"])
    arms["dot"]["runs"]["0"]["given"]["gamma"] = 0.0
    table = chosen_exponents({**results, "arms": arms})
    assert [name for name, _ in table.rows] == ["untouched", *OWN]
    assert cell(table, "untouched", "gamma of anti_hubness").mean == 0.2
    assert cell(table, "dot", "gamma of anti_hubness").mean == pytest.approx(0.2)
    assert cell(table, "dot", "power of length").mean == pytest.approx(-0.05)


def test_a_set_alone_is_the_same_in_the_table_by_set_and_in_its_grid(results):
    for arm in ("untouched", *OWN):
        expected = cell(grid(results, ["stsb"], "x"), arm, "own similarity")
        assert cell(by_set(results), arm, "stsb").mean == pytest.approx(expected.mean)


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

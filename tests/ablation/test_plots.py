import copy

import pytest

from norm_aware.ablation.plots import HEIGHT, difference_axis, trajectories


def test_powers_are_drawn_of_the_arms_that_change_them_for_every_seed_and_side(results):
    plots, still = trajectories(results["arms"])
    powers, loss = plots
    assert {line.arm for line in powers.lines} == {"learnable"}
    assert [line.dashed for line in powers.lines] == [True, False] * 3
    assert len(loss.lines) == 15
    assert loss.legend[0] == ("cosine", 0)
    assert still == ["The scale stayed where it was in every arm: 20."]


def test_a_line_goes_through_its_values_and_says_where_it_begins_and_ends(results):
    (powers, _), _ = trajectories(results["arms"])
    line = powers.lines[1]
    points = [tuple(map(float, point.split(","))) for point in line.points.split()]
    assert [x for x, _ in points] == pytest.approx([0, 20, 40, 60, 80, 100])
    levels = {float(label): y / HEIGHT * 100 for label, y in powers.levels}
    per_unit = (levels[0.5] - levels[0.0]) / 0.5
    assert [y for _, y in points] == pytest.approx(
        [levels[0.0] + per_unit * (0.5 + 0.06 * step) for step in range(6)], abs=0.02
    )
    assert line.says == "learnable, seed 0: document's power from 0.500 to 0.800"


def test_a_scale_that_is_learned_is_drawn(results):
    arms = copy.deepcopy(results["arms"])
    for row in arms["dot"]["runs"]["0"]["trajectory"]:
        row["scale"] += row["step"] / 10
    plots, still = trajectories(arms)
    assert [plot.name for plot in plots] == ["powers", "scale", "loss"]
    assert {line.arm for line in plots[1].lines} == {"dot"}
    assert still == []


def test_a_gamma_that_is_learned_is_drawn(results):
    arms = copy.deepcopy(results["arms"])
    for row in arms["cosine"]["runs"]["1"]["trajectory"]:
        row["gamma"] = 0.3 + row["step"] / 5000
    plots, _ = trajectories(arms)
    assert [plot.name for plot in plots] == ["powers", "gamma", "loss"]
    (line,) = plots[1].lines
    assert line.says == "cosine, seed 1: gamma from 0.300 to 0.400"


def test_entries_without_a_number_are_passed_over_and_runs_without_two_are_not_drawn(results):
    arms = copy.deepcopy(results["arms"])
    for about in arms.values():
        for run in about["runs"].values():
            run["trajectory"] = [*run["trajectory"][:1], {"step": 9, "loss": None}]
    assert trajectories(arms) == (
        [],
        [
            "No arm changed its powers while it was trained.",
            "The scale stayed where it was in every arm: 20.",
        ],
    )
    assert trajectories({}) == ([], ["No arm changed its powers while it was trained."])


@pytest.mark.parametrize("ends", [(0.01, 0.05), (-0.2, -0.1), (-0.1, 0.3), (0.0, 0.0)])
def test_the_axis_holds_zero_and_every_interval(ends):
    axis = difference_axis([{"low": ends[0], "high": ends[1]}])
    assert axis.low < min(0, ends[0])
    assert axis.high > max(0, ends[1])
    assert 0.0 in axis.ticks

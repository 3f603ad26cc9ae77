from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.differences import Resampling, differences
from norm_aware.benchmark.attribution.ladder import Rung
from norm_aware.benchmark.attribution.steps import steps, total
from norm_aware.benchmark.systems.system import System

FEW = Resampling(draws=200)
NAMES = ("a", "b", "c", "d")
RUNGS = [Rung(f"step {name}", System(name)) for name in NAMES]

value = st.one_of(st.none(), st.floats(0, 1))
columns = st.dictionaries(st.sampled_from([f"q{i}" for i in range(12)]), value, max_size=12)
all_values = st.fixed_dictionaries({name: st.fixed_dictionaries({"m": columns}) for name in NAMES})


def test_a_ladder_worked_by_hand():
    values = {
        "a": {"m": {"q1": 0.0, "q2": 0.5, "q3": 1.0}},
        "b": {"m": {"q1": 1.0, "q2": 0.5, "q3": 0.0}},
        "c": {"m": {"q1": 1.0, "q2": 1.0, "q3": None}},  # q3 is out of every step
    }
    first, second = steps(values, RUNGS[:3], "m", resampling=FEW)
    assert first.as_row() == {
        "step": "step b", "from": "a", "to": "b", "n": 2, "difference": 0.5, "low": None, "high": None,
    }  # fmt: skip
    assert (second.lower, second.upper, second.estimate.difference) == ("b", "c", 0.25)
    whole = total(values, [first, second], "m", resampling=FEW)
    assert (whole.n, whole.difference) == (2, 0.75)


@given(all_values)
def test_the_steps_add_up_to_the_difference_on_the_same_questions(values):
    found = steps(values, RUNGS, "m", resampling=FEW)
    whole = total(values, found, "m", resampling=FEW)
    assert {step.estimate.n for step in found} <= {whole.n}
    if whole.n:
        assert sum(step.estimate.difference for step in found) == pytest.approx(whole.difference, abs=1e-12)
        shared = [q for q in values["a"]["m"] if all(values[s.upper]["m"].get(q) is not None for s in found)]
        paired = [d for q, d in differences(values, ("a", "d"), "m").items() if q in shared]
        assert whole.difference == pytest.approx(sum(paired) / len(paired), abs=1e-12)


@given(all_values)
def test_climbing_down_turns_every_step_around(values):
    up = steps(values, RUNGS, "m", resampling=FEW)
    down = steps(values, RUNGS[::-1], "m", resampling=FEW)
    for there, back in zip(up, reversed(down), strict=True):
        assert (there.lower, there.upper, there.estimate.n) == (back.upper, back.lower, back.estimate.n)
        if there.estimate.low is not None:
            turned = (-back.estimate.difference, -back.estimate.high, -back.estimate.low)
            now = (there.estimate.difference, there.estimate.low, there.estimate.high)
            assert now == pytest.approx(turned, abs=1e-9)


@given(all_values, st.randoms(use_true_random=False))
def test_the_order_of_the_questions_changes_no_step(values, random):
    shuffled = {
        name: {"m": dict(random.sample(list(of["m"].items()), len(of["m"])))} for name, of in values.items()
    }
    found = steps(values, RUNGS, "m", resampling=FEW)
    assert steps(shuffled, RUNGS, "m", resampling=FEW) == found


def test_a_rung_that_was_not_measured_is_stepped_over_by_name():
    values = {name: {"m": {"q1": float(i)}} for i, name in enumerate(NAMES) if name != "b"}
    found = steps(values, RUNGS, "m", resampling=FEW)
    assert [(step.step, step.lower, step.upper) for step in found] == [
        ("step b + step c", "a", "c"),
        ("step d", "c", "d"),
    ]
    assert total(values, found, "m", resampling=FEW).difference == 3.0


@pytest.mark.parametrize("end", ["a", "d"])
def test_a_measure_that_an_end_of_the_ladder_lacks_has_no_steps(end):
    values = {name: {"m": {"q1": 1.0 if name != end else None}} for name in NAMES}
    assert steps(values, RUNGS, "m", resampling=FEW) == []
    assert total(values, [], "m", resampling=FEW).n == 0

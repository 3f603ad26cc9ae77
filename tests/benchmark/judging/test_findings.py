"""Findings: sentences with figures, and no verdict on a judge that the figures do not bear."""

import pytest

from norm_aware.benchmark.judging.agreement import Verdict, measure_agreement
from norm_aware.benchmark.judging.bias import consistency, length_bias, position_bias
from norm_aware.benchmark.judging.findings import findings, task_sentence


def agreement(said):
    labels = [number % 2 == 0 for number in range(len(said))]
    return measure_agreement(
        [Verdict(label, v, f"{n // 2}") for n, (label, v) in enumerate(zip(labels, said, strict=True))]
    )


def check(said, **changes):
    from dataclasses import asdict

    found = agreement(said)
    kinds = {"unit": {"n": 8, "agreement": 0.5, "low": 0.2, "high": 0.8}}
    task = {**asdict(found), "why": task_sentence("support", found), "kinds": kinds}
    return {
        "tasks": {"support": task},
        "position_bias": position_bias([("A", "A"), ("A", "B")]),
        "length_bias": length_bias([False] * 8, [True] * 8),
        "consistency": consistency([[True, False]], plain=[True], rephrased=[True], temperature=0.7),
        "failures": 0,
        "calls": 100,
        **changes,
    }


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([True] * 60, "It says yes to everything: no judge."),
        ([False] * 60, "It says no to everything: no judge."),
        ([True] * 59 + [False], "It says yes to 59 of 60 items: no judge."),
        ([True, True, False, False] * 15, "It is no better than chance on any task: no judge."),
    ],
)
def test_a_judge_that_is_none_is_called_so_first(said, sentence):
    assert findings(check(said))[0] == sentence


def test_tasks_on_which_a_judge_says_always_the_same_are_named_first():
    tasks = {
        **check([True] * 60)["tasks"],
        "relevancy": check([False] * 60)["tasks"]["support"],
        "usefulness": check([True, True, False, False] * 15)["tasks"]["support"],
    }
    assert findings(check([True] * 60, tasks=tasks))[0] == (
        "It says yes to everything on support; it says no to everything on relevancy; it is no better than "
        "chance on any task: no judge."
    )


def test_a_judge_better_than_chance_is_not_called_no_judge_and_its_weakness_is_told():
    found = " ".join(findings(check([True, False] * 20)))
    assert "no judge" not in found
    assert "better than chance: balanced accuracy 1.00" in found
    assert "Weakest on unit in support (50% of 8)." in found


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([True] * 40, "no better than chance: balanced accuracy 0.50 (95% interval 0.4"),
        ([False, True] * 20, "worse than chance"),
        ([None] * 40, "none of 40 calls gave a verdict"),
    ],
)
def test_why_a_task_is_not_informative_is_said_with_figures(said, words):
    assert words in task_sentence("support", agreement(said))


def test_biases_consistency_and_failures_are_told():
    found = " ".join(findings(check([True, False] * 20, failures=3)))
    assert "In 50% of 2 comparisons it chooses the same place" in found
    assert "It favours longer answers: it accepts 100% of 8 answers padded and 0% of them concise" in found
    assert "2 repeats at temperature 0.7 agree with each other on 0% of 1 items." in found
    assert "Asked in other words it says the same on 100% of them." in found
    assert found.endswith("3 of 100 calls gave no verdict; they count as disagreement.")

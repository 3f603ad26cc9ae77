from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.breakdowns import FEWEST, NOT_GIVEN, OTHER, by_amount, by_kind
from norm_aware.benchmark.attribution.differences import Resampling

QUESTIONS = [f"q{i:02}" for i in range(40)]
FEW = Resampling(draws=100)
some = st.lists(st.sampled_from(QUESTIONS), unique=True)


@given(some, st.dictionaries(st.sampled_from(QUESTIONS), st.sampled_from(["when", "who", OTHER])))
def test_every_question_is_in_one_group_of_its_kind(questions, kinds):
    groups = by_kind("kind", questions, kinds).groups
    assert sorted(q for _, of_group in groups for q in of_group) == sorted(questions)
    for name, of_group in groups:
        assert of_group
        if name not in {OTHER, NOT_GIVEN}:
            assert len(of_group) >= FEWEST
            assert {kinds[q] for q in of_group} == {name}


@given(
    some,
    st.dictionaries(
        st.sampled_from(QUESTIONS), st.one_of(st.floats(0, 1e6), st.sampled_from([1.0, 2.0, 3.0]))
    ),
)
def test_every_question_is_in_one_group_of_its_amount_and_groups_are_in_order(questions, amounts):
    groups = by_amount("amount", questions, amounts).groups
    assert sorted(q for _, of_group in groups for q in of_group) == sorted(questions)
    known = [(name, of_group) for name, of_group in groups if name != NOT_GIVEN]
    ends = [(min(amounts[q] for q in of), max(amounts[q] for q in of)) for _, of in known]
    assert all(below[1] <= above[0] for below, above in pairwise(ends))
    assert len({name for name, _ in groups}) == len(groups) <= 5
    assert len(known) <= 1 or all(len(of_group) >= FEWEST for _, of_group in known)


def test_amounts_are_cut_into_quarters():
    groups = by_amount("length", QUESTIONS, {q: 100.0 * i for i, q in enumerate(QUESTIONS)}).groups
    assert [(name, len(of_group)) for name, of_group in groups] == [
        ("0 to 900", 10),
        ("1000 to 1900", 10),
        ("2000 to 2900", 10),
        ("3000 to 3900", 10),
    ]


def test_a_few_amounts_are_a_group_each_and_rare_ones_join_their_neighbour():
    amounts = dict(zip(QUESTIONS, [1.0] * 2 + [2.0] * 20 + [3.0] * 15 + [4.0] * 3, strict=True))
    groups = by_amount("relevant documents", QUESTIONS, amounts).groups
    assert [(name, len(of_group)) for name, of_group in groups] == [("1 to 2", 22), ("3 to 4", 18)]


def test_amounts_that_differ_by_rounding_alone_are_one_group():
    groups = by_amount("norm", QUESTIONS, {q: 1.0 + 1e-7 * i for i, q in enumerate(QUESTIONS)}).groups
    assert [name for name, _ in groups] == ["1"]


def test_a_group_has_the_mean_difference_of_the_questions_that_have_one():
    kinds = {q: "when" if i < 20 else "who" for i, q in enumerate(QUESTIONS)}
    differences = {q: 0.5 if kinds[q] == "when" else -0.25 for q in QUESTIONS[:23]}
    when, who = by_kind("kind", QUESTIONS, kinds).break_down(differences, resampling=FEW)
    assert when == {"name": "when", "n": 20, "difference": 0.5, "low": 0.5, "high": 0.5}
    assert who == {"name": "who", "n": 3, "difference": -0.25, "low": None, "high": None}


@given(st.dictionaries(st.sampled_from(QUESTIONS), st.floats(-1, 1)))
def test_the_groups_add_up_to_the_whole(differences):
    grouping = by_amount("amount", QUESTIONS, {q: float(i % 7) for i, q in enumerate(QUESTIONS)})
    rows = grouping.break_down(differences, resampling=FEW)
    assert sum(row["n"] for row in rows) == len(differences)
    whole = sum(row["n"] * (row["difference"] or 0.0) for row in rows)
    assert whole == pytest.approx(sum(differences.values()), abs=1e-9)

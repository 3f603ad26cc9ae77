from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.contexts import (
    CHANGES,
    answers_by_hit,
    context_change,
    context_changes,
)
from norm_aware.benchmark.attribution.differences import Resampling

ids = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)
FEW = Resampling(draws=100)


@pytest.mark.parametrize(
    ("before", "after", "relevant", "change"),
    [
        ("ab", "bc", "c", "entered"),
        ("ab", "bc", "a", "left"),
        ("ab", "ba", "a", "kept"),
        ("ab", "cd", "e", "absent"),
        ("ab", "ac", "abc", "kept"),  # one of two for another
        ("ab", "ac", "ac", "entered"),  # the second of two
        ("", "a", "a", "entered"),
    ],
)
def test_a_change_is_told_by_how_many_relevant_documents_there_are(before, after, relevant, change):
    assert context_change(before, after, relevant) == change


@given(ids, ids, ids)
def test_swapping_the_systems_swaps_entered_and_left(before, after, relevant):
    swapped = {"entered": "left", "left": "entered", "kept": "kept", "absent": "absent"}
    assert context_change(after, before, relevant) == swapped[context_change(before, after, relevant)]


@given(
    st.dictionaries(
        st.text("xyz", min_size=1), st.tuples(st.sampled_from(CHANGES), st.floats(-1, 1)), max_size=20
    )
)
def test_every_question_with_a_difference_is_in_one_group(questions):
    changes = {q: change for q, (change, _) in questions.items()}
    found = context_changes(changes, {q: d for q, (_, d) in questions.items()}, resampling=FEW)
    assert tuple(found) == CHANGES
    assert sum(group["n"] for group in found.values()) == len(questions)
    sums = sum(group["n"] * (group["difference"] or 0.0) for group in found.values())
    assert sums == pytest.approx(sum(d for _, d in questions.values()), abs=1e-9)


def test_groups_have_the_mean_difference_of_their_questions():
    changes = {f"q{i}": "entered" if i < 6 else "left" for i in range(8)}
    answer = {f"q{i}": 0.1 * i for i in range(8)}
    found = context_changes(changes, answer, resampling=FEW)
    assert found["entered"]["difference"] == pytest.approx(0.25)
    assert found["entered"]["low"] < 0.25 < found["entered"]["high"]
    assert found["left"] == {"n": 2, "difference": pytest.approx(0.65), "low": None, "high": None}
    assert found["kept"]["n"] == found["absent"]["n"] == 0


def test_answers_are_told_apart_by_whether_a_relevant_document_was_shown():
    found = answers_by_hit(
        {"q1": "ab", "q2": "ab", "q3": "ab", "q4": "ab"},
        {"q1": "a", "q2": "bc", "q3": "c", "q4": "a"},
        {"q1": 1.0, "q2": 0.5, "q3": 0.25, "q4": None},
        resampling=FEW,
    )
    assert found == {
        "hit": {"n": 2, "mean": 0.75, "low": None, "high": None},
        "miss": {"n": 1, "mean": 0.25, "low": None, "high": None},
    }

"""The calls of a check: each once, repeats apart, and known again by what they ask."""

from norm_aware.benchmark.judging.calls import (
    COMPARED,
    PADDED,
    compared_pairs,
    padded_items,
    planned_calls,
    questions_digest,
    repeated_items,
)
from norm_aware.benchmark.judging.items import TASKS, checked_items


def test_no_call_is_made_twice():
    calls = planned_calls(3)
    assert len({call.id for call in calls}) == len({call.key for call in calls}) == len(calls)


def test_every_checked_item_is_asked_about_once_by_its_own_name():
    assert {item.id for item in checked_items()} <= {call.id for call in planned_calls(0)}


def test_repeats_add_calls_and_change_none():
    few, many = planned_calls(1), planned_calls(4)
    assert {call.key for call in few} < {call.key for call in many}
    assert len(many) - len(few) == 3 * len(repeated_items())


def test_the_parts_are_balanced():
    assert len(compared_pairs()) == COMPARED
    assert all((right.label, wrong.label) == ("yes", "no") for right, wrong in compared_pairs())
    assert [item.label for item in padded_items()] == ["yes", "no"] * PADDED
    repeated = repeated_items()
    assert {item.task for item in repeated} == set(TASKS)
    assert abs(sum(item.label == "yes" for item in repeated) - len(repeated) / 2) <= 0.5


def test_the_digest_stays_while_nothing_changes():
    assert questions_digest() == questions_digest()

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.qdrant.retry import REPEATABLE, RetryPolicy

chances = st.floats(0, 1)
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 20),
    first=st.floats(0, 10),
    most=st.floats(0, 100),
    patience=st.floats(0, 1000),
)


@given(policies, chances)
def test_every_call_ends_after_the_policys_attempts_and_within_its_patience(policy, chance):
    waits = []
    while (wait := policy.wait(len(waits) + 1, elapsed=sum(waits), asked=None, chance=chance)) is not None:
        waits.append(wait)
    assert len(waits) < policy.attempts
    assert sum(waits) <= policy.patience
    assert all(0 <= wait <= policy.most for wait in waits)


@given(st.integers(1, 5), chances)
def test_waits_double_and_chance_shortens_them_by_at_most_half(failed, chance):
    policy = RetryPolicy(attempts=99, first=0.5, most=1e9, patience=1e9)
    longest = 0.5 * 2 ** (failed - 1)
    wait = policy.wait(failed, elapsed=0, asked=None, chance=chance)
    assert longest / 2 <= wait <= longest


@given(st.floats(0, 30), chances)
def test_a_server_is_left_alone_for_as_long_as_it_asks(asked, chance):
    assert RetryPolicy().wait(1, elapsed=0, asked=asked, chance=chance) >= asked


def test_a_server_that_asks_for_more_than_our_patience_is_not_waited_for():
    assert RetryPolicy(patience=60).wait(1, elapsed=0, asked=3600, chance=0) is None
    assert RetryPolicy(patience=60).wait(1, elapsed=61, asked=None, chance=0) is None


@pytest.mark.parametrize("bad", [{"attempts": 0}, {"first": -1.0}, {"most": float("nan")}, {"patience": -1}])
def test_a_policy_that_makes_no_sense_is_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RetryPolicy(**bad)


def test_what_is_repeatable_is_a_method_of_both_clients_and_creates_nothing_named():
    for name in REPEATABLE:
        assert callable(getattr(QdrantClient, name))
        assert callable(getattr(AsyncQdrantClient, name))
    assert not REPEATABLE & {"create_collection", "recreate_collection", "update_collection_aliases"}

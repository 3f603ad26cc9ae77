from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.ingestion.seen import Seen


@settings(deadline=None)
@given(st.lists(st.text(max_size=3)))
def test_a_key_is_new_once(keys):
    with Seen() as seen:
        known: set[str] = set()
        for key in keys:
            assert seen.add(key) == (key not in known)
            known.add(key)


def test_two_sets_share_nothing():
    with Seen() as one, Seen() as other:
        assert one.add("a")
        assert other.add("a")

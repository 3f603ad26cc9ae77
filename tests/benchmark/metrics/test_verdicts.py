"""Verdicts: asked for once, kept at once, and asked for again only where they failed."""

import asyncio
import statistics
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.score import Score
from norm_aware.benchmark.metrics.verdicts import merged, plain, settle, verdict_key
from norm_aware.benchmark.rows import Rows
from tests.benchmark.metrics.samples import SAMPLE
from tests.benchmark.test_awaiting import interrupt

CHANGES = {
    "question": "Where?",
    "answer": "Rome",
    "contexts": ("Rome",),
    "references": ("Rome",),
    "context_ids": ("d9",),
    "relevant_ids": ("d9",),
}


class Closed:
    closed = 0

    async def aclose(self):
        self.closed += 1


def silent(*_):
    """Shows nothing."""


def asking(said, counts):
    """For each key, a call that counts itself and returns the next of what is said of the key."""

    def ask(key):
        async def call():
            counts[key] = counts.get(key, 0) + 1
            return said[key]

        return call

    return {key: ask(key) for key in said}


@pytest.mark.parametrize("name", [name for name, m in METRICS.items() if m.looks_at])
def test_a_verdict_is_another_one_where_what_its_metric_looks_at_changes_and_only_there(name):
    key = verdict_key("judge", name, SAMPLE, 0)
    for field, value in CHANGES.items():
        changed = verdict_key("judge", name, replace(SAMPLE, **{field: value}), 0)
        assert (changed != key) == (field in METRICS[name].looks_at)
    assert key != verdict_key("other", name, SAMPLE, 0)
    assert key != verdict_key("judge", name, SAMPLE, 1)


def test_verdicts_of_two_metrics_that_look_at_the_same_are_two():
    keys = {verdict_key("judge", name, SAMPLE, 0) for name, m in METRICS.items() if m.looks_at}
    assert len(keys) == sum(bool(m.looks_at) for m in METRICS.values())


def test_a_second_run_asks_for_nothing_that_holds_and_again_for_what_failed_alone(tmp_path):
    said = {"a": Score("faithfulness", 0.5), "b": Score("faithfulness", None, "timeout")}
    counts, judge = {}, Closed()
    rows = Rows(tmp_path / "judged.jsonl")
    first = settle(asking(said, counts), rows, judge=judge, progress=silent)
    assert (first, counts, judge.closed) == (said, {"a": 1, "b": 1}, 1)
    said["b"] = Score("faithfulness", 1.0)
    again = settle(asking(said, counts), Rows(rows.path), judge=judge, progress=silent)
    assert (again, counts) == (said, {"a": 1, "b": 2})
    settle(asking(said, counts), Rows(rows.path), judge=judge, progress=silent)
    assert (counts, judge.closed) == ({"a": 1, "b": 2}, 2)


def test_verdicts_that_were_given_before_a_kill_are_kept(tmp_path):
    class Killed(BaseException):
        pass

    async def killed():
        raise Killed

    rows = Rows(tmp_path / "judged.jsonl")
    asked = asking({"a": Score("faithfulness", 0.5)}, {}) | {"b": killed}
    with pytest.raises(Killed):
        settle(asked, rows, judge=Closed(), progress=silent)
    counts = {}
    said = {"a": Score("faithfulness", 0.5), "b": Score("faithfulness", 1.0)}
    settle(asking(said, counts), Rows(rows.path), judge=Closed(), progress=silent)
    assert counts == {"b": 1}


def test_an_interrupt_gives_up_what_is_still_asked_and_keeps_what_was_given(tmp_path):
    turn, begun, score = [], [], Score("faithfulness", 0.5)

    async def ask(number):
        turn[:] = turn or [asyncio.Semaphore(1)]
        async with turn[0]:
            begun.append(number)
            if number == 3:
                interrupt()
            await asyncio.sleep(0.05)
            return score

    rows, judge = Rows(tmp_path / "judged.jsonl"), Closed()
    asked = {f"k{number}": partial(ask, number) for number in range(1, 41)}
    with pytest.raises(KeyboardInterrupt):
        settle(asked, rows, judge=judge, progress=silent)
    assert len(begun) < len(asked)
    assert judge.closed == 1
    kept = {row["key"] for row in Rows(rows.path).read()}
    assert {"k1", "k2"} <= kept < set(asked)
    counts = {}
    settle(asking(dict.fromkeys(asked, score), counts), Rows(rows.path), judge=Closed(), progress=silent)
    assert set(counts) == set(asked) - kept


def test_a_verdict_comes_back_from_its_file_as_it_was(tmp_path):
    whole = Score(
        "pairwise", 0.5, None, 1.5, "words", (0.0, 1.0), 0.7, Usage(2, 90, 5, 0.25), positions=(1, 2)
    )
    rows = Rows(tmp_path / "judged.jsonl")
    settle(asking({"a": whole}, {}), rows, judge=Closed(), progress=silent)
    assert settle(asking({"a": whole}, {}), Rows(rows.path), judge=Closed(), progress=silent) == {"a": whole}


def test_rows_of_an_earlier_form_are_overlooked(tmp_path):
    rows = Rows(tmp_path / "judged.jsonl")
    rows.append({"key": "a", "scores": [{"measure": "faithfulness", "value": 1.0}]})
    said = {"a": Score("faithfulness", 0.5)}
    assert settle(asking(said, {}), rows, judge=Closed(), progress=silent) == said


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(0, 1), min_size=2, max_size=6))
def test_repeats_become_their_mean_and_standard_deviation(values):
    scores = [
        Score("faithfulness", v, None if v is not None else "timeout", 1.0, str(n), usage=Usage(1, 10, 2))
        for n, v in enumerate(values)
    ]
    found = merged(scores)
    known = [value for value in values if value is not None]
    assert found.repeats == tuple(values)
    assert found.usage == Usage(len(values), 10 * len(values), 2 * len(values))
    assert found.seconds == len(values)
    assert found.value == (pytest.approx(statistics.fmean(known)) if known else None)
    assert found.reason == (None if known else "timeout")
    assert found.spread == (pytest.approx(statistics.stdev(known)) if len(known) > 1 else None)


def test_one_time_is_itself_and_a_row_holds_no_empty_entries():
    score = Score("faithfulness", 0.5)
    assert merged([score]) is score
    assert plain(score) == {"measure": "faithfulness", "value": 0.5, "reason": None, "seconds": 0.0}

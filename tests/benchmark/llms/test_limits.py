"""How fast a model is asked, in a time that the tests make pass."""

import asyncio
import email.utils
import time

import httpx
import openai
import pytest
from tenacity import RetryCallState

from norm_aware.benchmark.llms import limits
from norm_aware.benchmark.llms.limits import LONGEST_WAIT, Limits, Pace, is_refusal, is_transient, retry_after


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for whoever sleeps by it."""
    now = [1000.0]
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(limits.asyncio, "sleep", sleep)
    return now


def turns(pace, clock, number):
    async def take():
        times = []
        for _ in range(number):
            await pace.turn()
            times.append(clock[0] - 1000)
        return times

    return asyncio.run(take())


def test_requests_are_spread_evenly_over_the_minute(clock):
    assert turns(Pace(30), clock, 4) == [0, 2, 4, 6]


def test_without_a_rate_nobody_waits(clock):
    assert turns(Pace(), clock, 3) == [0, 0, 0]


def test_a_pace_that_is_held_lets_nobody_go_before(clock):
    pace = Pace(60)
    pace.hold(5)
    pace.hold(1)
    assert turns(pace, clock, 3) == [5, 6, 7]


def test_no_more_are_in_flight_than_allowed_and_a_cancelled_one_frees_its_place():
    async def crowd():
        allowed, now, peak = Limits(2), 0, 0

        async def one():
            nonlocal now, peak
            async with allowed:
                now += 1
                peak = max(peak, now)
                try:
                    await asyncio.sleep(0)
                finally:
                    now -= 1

        tasks = [asyncio.ensure_future(one()) for _ in range(9)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[5].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        allowed.pace.hold(3600)
        waiting = asyncio.ensure_future(one())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        allowed.pace = Pace()
        await asyncio.wait_for(asyncio.gather(one(), one()), 5)
        return peak

    assert asyncio.run(crowd()) == 2


def refused(status, **headers):
    request = httpx.Request("POST", "http://127.0.0.1/v1")
    response = httpx.Response(status, headers=headers, request=request)
    return openai.APIStatusError("no", response=response, body=None)


def test_how_long_to_wait_is_read_in_every_form_of_the_header():
    assert retry_after(refused(429, **{"Retry-After-Ms": "1500", "Retry-After": "9"})) == 1.5
    assert retry_after(refused(429, **{"Retry-After": "7"})) == 7
    later = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 50 < retry_after(refused(503, **{"Retry-After": later})) <= 60
    assert retry_after(refused(429, **{"Retry-After": "-3"})) == 0
    for nothing in (refused(429), refused(429, **{"Retry-After": "soon"}), ValueError()):
        assert retry_after(nothing) is None


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (refused(429), True),
        (refused(500), True),
        (refused(503), True),
        (refused(408), True),
        (refused(400), False),
        (refused(401), False),
        (refused(404), False),
        (refused(429, **{"Retry-After": str(LONGEST_WAIT + 1)}), False),
        (openai.APIConnectionError(request=httpx.Request("POST", "http://x")), True),
        (asyncio.TimeoutError(), True),
        (httpx.ReadTimeout("late"), True),
        (ConnectionResetError(), True),
        (ValueError("a bug"), False),
    ],
)
def test_what_may_pass_is_repeated_and_nothing_else(error, transient):
    assert is_transient(error) is transient


def test_only_a_form_that_was_understood_is_refused():
    assert [is_refusal(refused(status)) for status in (400, 422, 501, 401, 429, 500)] == [True] * 3 + [
        False
    ] * 3


def test_the_wait_is_what_was_asked_for_and_a_little_and_holds_the_others_too(clock):
    allowed = Limits(1)
    state = RetryCallState(None, None, (), {})
    state.set_exception((openai.APIStatusError, refused(429, **{"Retry-After": "8"}), None))
    assert 8 <= allowed.wait(state) <= 8.8
    assert turns(allowed.pace, clock, 1) == [8]
    state.set_exception((ValueError, ValueError(), None))
    assert 0 <= allowed.wait(state) <= 30

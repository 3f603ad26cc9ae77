"""Coroutines awaited by code that is not asynchronous."""

import asyncio
import signal
import threading

import pytest

from norm_aware.benchmark.awaiting import await_in_thread


def interrupt():
    """Ctrl-C, as the main thread meets it."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_what_a_coroutine_returns_or_raises_comes_out():
    async def returns():
        return 3

    async def raises():
        raise ValueError("of its own")

    assert await_in_thread(returns()) == 3
    with pytest.raises(ValueError, match="of its own"):
        await_in_thread(raises())


def test_it_works_where_a_loop_runs_already():
    async def inner():
        return "inner"

    async def outer():
        return await_in_thread(inner())

    assert asyncio.run(outer()) == "inner"


def test_an_interrupt_cancels_what_runs_and_waits_until_it_has_closed():
    done = []

    async def work():
        try:
            await asyncio.sleep(0.05)  # until the main thread waits
            interrupt()
            await asyncio.sleep(5)
            done.append("all of it")
        finally:
            await asyncio.sleep(0.01)
            done.append("closed")

    with pytest.raises(KeyboardInterrupt):
        await_in_thread(work())
    assert done == ["closed"]


def test_an_interrupt_before_anything_is_done_ends_in_one_too():
    async def work():
        interrupt()
        await asyncio.sleep(5)

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        await_in_thread(work())
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
        assert not thread.is_alive()

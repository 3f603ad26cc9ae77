"""A coroutine awaited by code that is not asynchronous, in a notebook too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


def await_in_thread(work: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine returns, run in a thread and an event loop of its own.

    An interrupt while it runs cancels it, and is raised once it has ended.

    Args:
        work: the coroutine.

    Raises:
        BaseException: whatever it raises.

    Example:
        >>> async def answer():
        ...     return 42
        >>> await_in_thread(answer())
        42
    """
    wanted: Future[None] = Future()

    async def while_wanted() -> _T:
        task = asyncio.ensure_future(work)
        still_wanted = asyncio.wrap_future(wanted)
        still_wanted.add_done_callback(lambda _: task.cancel())
        try:
            return await task
        finally:
            still_wanted.cancel()

    with ThreadPoolExecutor(1) as thread:  # a notebook's thread runs a loop already
        try:
            return thread.submit(asyncio.run, while_wanted()).result()
        except BaseException:
            wanted.cancel()  # leaving the block waits until the thread has ended
            raise

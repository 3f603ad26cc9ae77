"""How fast a model may be asked: requests in flight, requests a minute, and who waits after a refusal."""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections.abc import Mapping
from typing import Any

from tenacity import RetryCallState, wait_random_exponential

LONGEST_WAIT = 300.0
"""Seconds an endpoint may tell us to wait; one that asks for more is given up at once."""

_BUSY = (408, 409, 425, 429)
_backoff = wait_random_exponential(multiplier=0.5, max=30)


class Pace:
    """Keeps requests apart, evenly, and holds them all back where the endpoint asked for it.

    Args:
        per_minute: the most requests a minute; None keeps them no distance apart.
    """

    def __init__(self, per_minute: float | None = None) -> None:
        self._distance = 60 / per_minute if per_minute else 0.0
        self._next = 0.0

    def hold(self, seconds: float) -> None:
        """Let no request go before so many seconds have passed."""
        self._next = max(self._next, time.monotonic() + seconds)

    async def turn(self) -> None:
        """Wait for one's turn."""
        while (wait := self._next - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self._next = time.monotonic() + self._distance


class Limits:
    """The requests one model has in flight and those that wait.

    Args:
        concurrency: requests in flight at once.
        per_minute: the most requests a minute; None sends them as they come.
    """

    def __init__(self, concurrency: int, per_minute: float | None = None) -> None:
        self.pace = Pace(per_minute)
        self._slots = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            await self.pace.turn()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()

    def wait(self, state: RetryCallState) -> float:
        """Seconds until a failed request is repeated: what the endpoint asked for, or a random backoff."""
        error = state.outcome.exception() if state.outcome else None
        asked = retry_after(error) if error is not None else None
        if asked is None:
            return _backoff(state)
        self.pace.hold(asked)  # the others would be refused as well
        return asked * random.uniform(1, 1.1)  # noqa: S311  # so that they do not all come back at once


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: a time-out, a lost connection, a busy or failing server."""
    if (retry_after(error) or 0) > LONGEST_WAIT:
        return False
    status = status_of(error)
    if status is not None:
        return status in _BUSY or status >= 500
    # those of every HTTP library; asyncio's is no subclass of the built-in one before Python 3.11
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"TimeoutError", "ConnectionError", "APIConnectionError", "TransportError"})


def is_refusal(error: BaseException) -> bool:
    """Whether the server understood the request and will not have it in this form."""
    return status_of(error) in (400, 422, 501)


def retry_after(error: BaseException) -> float | None:
    """Seconds that the server asked to wait, by the headers `Retry-After-Ms` or `Retry-After`."""
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            return max(0.0, float(text) / scale)
        except ValueError:
            pass
        try:  # an HTTP date
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except (TypeError, ValueError):
            continue
    return None


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error stands for, whichever library raised it."""
    found: Any = getattr(error, "status_code", None)
    if found is None:
        found = getattr(getattr(error, "response", None), "status_code", None)
    return found if isinstance(found, int) else None

"""A judge's connection in whatever event loop asks for it: how many may use it at once, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.errors import BenchmarkError, NormAwareError

_T = TypeVar("_T")


class JudgeSession:
    """One connection per event loop, opened when it is first asked for.

    Args:
        config: the judge and how it is asked.
        concurrency: how many verdicts may be sought at once; the time allowed for one starts with its turn.
        timeout: seconds for one.

    Raises:
        LLMError: when the endpoint cannot be used as configured.
    """

    def __init__(self, config: LLMConfig, *, concurrency: int, timeout: float) -> None:
        config.require_usable()  # a missing key shows now, not after hours of answering
        self.config = config
        self.concurrency = concurrency
        self.timeout = timeout
        self._open: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore, Chat] | None = None

    def enter(self) -> tuple[asyncio.Semaphore, Chat]:
        """The turns and the connection of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._open is None or self._open[0] is not loop:  # both belong to one loop
            self._open = (loop, asyncio.Semaphore(self.concurrency), Chat(self.config))
        return self._open[1:]

    async def in_time(self, verdict: Awaitable[_T]) -> _T:
        """A verdict, given up after the time allowed for one.

        Raises:
            asyncio.TimeoutError: when it takes longer.
        """
        return await asyncio.wait_for(verdict, self.timeout)

    def explain(self, error: Exception) -> str:
        """One line that says why there is no verdict, without the key."""
        if isinstance(error, asyncio.TimeoutError):
            return f"timeout after {self.timeout:g} s"
        if isinstance(error, NormAwareError | ValueError):  # RAGAS raises the latter about the sample
            return self.config.redact(str(error))
        return self.config.explain(error)

    async def aclose(self) -> None:
        """Close the connection of the running event loop."""
        if self._open is not None and self._open[0] is asyncio.get_running_loop():
            await self._open[2].aclose()
        self._open = None


def require_repeats(config: LLMConfig, repeats: int) -> None:
    """Make sure that a judge asked so often can say something else each time.

    Raises:
        BenchmarkError: for no repeat, or for several at temperature 0.
    """
    if repeats < 1:
        raise BenchmarkError(f"The judge is to be asked {repeats} times; at least once is needed.")
    if repeats > 1 and config.temperature == 0:
        raise BenchmarkError(
            f"The judge is to be asked {repeats} times at temperature 0, where it says the same each time; "
            "give it a temperature above 0, such as 0.7, or ask once."
        )

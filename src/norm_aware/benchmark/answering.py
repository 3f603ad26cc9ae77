"""Models that answer in the background, several questions at once, while more is retrieved."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from norm_aware.benchmark.llms.answers import Answerer, Answers, Question
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.errors import LLMError, ModelStartError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a question.

    Attributes:
        text: the answer; None where there is none.
        failure: why there is none.
        seconds: how long the model took for the answer, further ones left out.
        usage: what all of them took.
        repeats: further answers; those that failed are left out.
    """

    text: str | None
    failure: str | None
    seconds: float
    usage: Usage
    repeats: tuple[str, ...] = ()


class Answering:
    """A thread of its own in which models are asked, while its block runs.

    On leaving, whatever is still asked is given up; models are opened with the first question.

    Args:
        answers: given so far.
        repeats: further answers asked for to each question.
    """

    def __init__(self, answers: Answers, *, repeats: int = 0) -> None:
        self._answers = answers
        self._repeats = repeats
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="answering", daemon=True)
        self._open: dict[int, asyncio.Future[Answerer]] = {}
        self._stack = AsyncExitStack()

    def __enter__(self) -> Answering:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._run(self._close()).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def ask(self, llm: Answerer, question: Question) -> Future[Answered]:
        """Ask a model; a question it does not answer is no error of the future's, a model that is none is."""
        return self._run(self._ask(llm, question))

    async def _ask(self, llm: Answerer, question: Question) -> Answered:
        if id(llm) not in self._open:
            opening = self._stack.enter_async_context(llm)
            self._open[id(llm)] = asyncio.ensure_future(opening)
        await self._open[id(llm)]
        asked = (self._answers.reply(llm, question, repeat=n) for n in range(self._repeats + 1))
        first, *further = await asyncio.gather(*asked, return_exceptions=True)
        for found in (first, *further):
            if isinstance(found, BaseException) and not _is_answers_own(found):
                raise found
        if isinstance(first, BaseException):
            return Answered(None, str(first), 0.0, Usage())
        given = [reply for reply in further if not isinstance(reply, BaseException)]
        usage = sum((reply.usage for reply in given), start=first.usage)
        return Answered(first.text, None, first.seconds, usage, tuple(reply.text for reply in given))

    async def _close(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._stack.aclose()

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


def _is_answers_own(error: BaseException) -> bool:
    return isinstance(error, LLMError) and not isinstance(error, ModelStartError)

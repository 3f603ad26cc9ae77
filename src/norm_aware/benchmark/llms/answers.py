"""Answers that were given, kept in a file, so that none is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from norm_aware.benchmark.digest import digest
from norm_aware.benchmark.llms.chat import Reply
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError


class Answerer(Protocol):
    """A language model that answers from contexts, while its block runs.

    Attributes:
        fingerprint: hash of everything that changes an answer but prompt, question and contexts.
        concurrency: how many questions it may be asked at once.
    """

    fingerprint: str
    concurrency: int

    async def __aenter__(self) -> Any:
        """Get ready; nothing needs to be started before the first question."""

    async def __aexit__(self, *_: Any) -> None:
        """Let go of what was opened."""

    async def reply(
        self, question: str, contexts: Sequence[str], *, prompt: Prompt, repeat: int = 0
    ) -> Reply:
        """The answer, or with `repeat` above 0 a further one; raises LLMError where there is none."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked for one system.

    Attributes:
        text: the question.
        contexts: what the system found, the best first.
        prompt: what the model is asked with.
    """

    text: str
    contexts: tuple[str, ...]
    prompt: Prompt

    def key(self, llm: str, repeat: int = 0) -> str:
        """Hash of everything that an answer depends on, `llm` being the model's fingerprint."""
        return digest(llm, self.prompt.digest, self.text, self.contexts, repeat)


class Answers:
    """Asks a model what it was not asked before, and writes down what it said at once.

    Rows have `key`, `text`, `usage` and `seconds`. The same question asked twice at a time is one request,
    and one failure: a second try would favour whoever asked later. Failures are not written, so that the
    next run asks again.

    Args:
        rows: the answers so far, and where new ones go.

    Raises:
        BenchmarkError: when a row is none of these.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._asked: dict[str, asyncio.Task[Reply]] = {}
        self._known: dict[str, Reply] = {}
        for number, row in enumerate(rows.read(), start=1):
            try:
                text, usage, seconds = row["text"], Usage(**row["usage"]), float(row["seconds"])
                self._known[row["key"]] = Reply(text, usage, seconds=seconds)
            except (KeyError, TypeError, ValueError) as error:
                raise BenchmarkError(
                    f"{rows.path}, line {number} is no answer; remove that line or the file."
                ) from error

    async def reply(self, llm: Answerer, question: Question, *, repeat: int = 0) -> Reply:
        """The model's answer, from the file where it stands there.

        Raises:
            LLMError: when there is none.
        """
        key = question.key(llm.fingerprint, repeat)
        if key in self._known:
            return self._known[key]
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(self._ask(llm, question, key=key, repeat=repeat))
        return await self._asked[key]

    async def _ask(self, llm: Answerer, question: Question, *, key: str, repeat: int) -> Reply:
        reply = await llm.reply(question.text, question.contexts, prompt=question.prompt, repeat=repeat)
        seconds = round(reply.seconds, 4)
        self._rows.append({"key": key, "text": reply.text, "usage": asdict(reply.usage), "seconds": seconds})
        self._known[key] = reply
        return reply

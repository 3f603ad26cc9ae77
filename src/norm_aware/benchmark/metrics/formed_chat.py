"""A judge whose every reply has the form it was asked for, so that a small one cannot break what reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.llm import LLMConfig
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.errors import FormError, LLMError

T = TypeVar("T")

_REFUSALS = (400, 404, 415, 422, 501)  # what endpoints that know no JSON schema answer to one
_TRIES = 2  # of which the second is told what was wrong with the first


@dataclass(slots=True)
class Spent(Generic[T]):
    """What a reply said, as its reader took it, and what it cost."""

    value: T
    usage: Usage = field(default_factory=Usage)


class FormedChat:
    """A connection to a judge that answers in JSON of a schema.

    The endpoint is asked to write by the schema, which llama.cpp, vLLM, Ollama and OpenAI do token by token.
    One that refuses the schema is asked in words from then on, and told once what was wrong with its reply.

    Args:
        config: the judge and how it is asked.

    Raises:
        LLMError: when the endpoint cannot be used as configured.
    """

    def __init__(self, config: LLMConfig) -> None:
        self.config = config
        self._chat = Chat(config)
        self._by_schema = True

    async def __aenter__(self) -> FormedChat:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._chat.__aexit__(kind, error, traceback)

    async def ask(
        self,
        messages: Sequence[Mapping[str, str]],
        schema: Mapping[str, Any],
        *,
        read: Callable[[Mapping[str, Any]], T],
        seed: int | None = None,
    ) -> Spent[T]:
        """The judge's reply as `read` takes it.

        Args:
            messages: `role` and `content` of each; they say in words what form is wanted.
            schema: JSON schema of the reply.
            read: what the JSON object means; raises ValueError where it means nothing.
            seed: instead of the configuration's.

        Raises:
            FormError: when no reply had the form.
            LLMError: when there is no reply.
        """
        spent = Usage()
        said, wrong = "", ""
        for _ in range(_TRIES):
            talk = [*messages, *_mended(said, wrong)]
            try:
                text, data, usage = await self._reply(talk, schema, seed)
            except FormError as error:
                said, wrong = error.text, str(error)
                spent += Usage(1)
                continue
            spent += usage
            try:
                return Spent(read(data if data is not None else _object_in(text)), spent)
            except ValueError as error:
                said, wrong = text, " ".join(str(error).split())
        detail = self.config.redact(wrong)
        if detail.startswith(str(self.config)):
            raise FormError(detail, text=said)
        raise FormError(f"{self.config} did not answer in the form that was asked for: {detail}", text=said)

    async def _reply(
        self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any], seed: int | None
    ) -> tuple[str, Mapping[str, Any] | None, Usage]:
        if self._by_schema:
            try:
                reply = await self._chat.ask(messages, schema=schema, seed=seed)
            except FormError as error:  # some endpoints overlook a schema, and fence their JSON
                if not error.text or "cut off" in str(error):
                    raise
                return error.text, None, Usage(1)
            except LLMError as error:
                if error.status not in _REFUSALS:
                    raise
                self._by_schema = False
            else:
                return reply.text, reply.data, reply.usage
        reply = await self._chat.ask(messages, seed=seed)
        return reply.text, None, reply.usage


def _mended(said: str, wrong: str) -> list[dict[str, str]]:
    if not wrong:
        return []
    ask = f"That could not be read: {wrong}\nAnswer again, with nothing but the JSON object asked for."
    return [{"role": "assistant", "content": said}, {"role": "user", "content": ask}]


def _object_in(text: str) -> Mapping[str, Any]:
    """The JSON object that stands in a text, between whatever words or fences."""
    start, end = text.find("{"), text.rfind("}")
    try:
        data = json.loads(text[start : end + 1])
    except ValueError:
        raise ValueError(f"there is no JSON object in {text[:60]!r}") from None
    if not isinstance(data, dict):
        raise ValueError(f"there is no JSON object in {text[:60]!r}")
    return data

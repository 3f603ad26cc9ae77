"""Asks a language model, freely or for JSON of a schema: in its turn, again where it failed, and counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from norm_aware.benchmark.llms.completion import Backend, Completion, Request
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.endpoint import Endpoint
from norm_aware.benchmark.llms.limits import Limits, is_refusal, is_transient, status_of
from norm_aware.benchmark.llms.structured import Structure
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.errors import FormError, LLMError, NormAwareError


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: its words.
        usage: what it took, a repaired form included.
        data: the JSON object in `text`, where a schema was given.
        seconds: how long it took, without waiting for a turn.
    """

    text: str
    usage: Usage
    data: Mapping[str, Any] | None = None
    seconds: float = 0.0


class Chat:
    """An open connection to a model, for any number of calls at once.

    No more than `concurrency` requests are in flight, no more than `requests_per_minute` are sent. A request
    that timed out or met a busy or failing endpoint is repeated up to `max_retries` times, after as long as
    the endpoint's `Retry-After` says, else after a random time that doubles. It belongs to one event loop
    until it is closed.

    A reply of a schema is asked for by `json_schema`; where the endpoint refuses that, by `json_object` with
    the schema in the prompt, then by the prompt alone. It is validated, and asked for once more with what
    was wrong with it.

    Args:
        config: the model and how it is asked.

    Raises:
        LLMError: when the endpoint cannot be used as configured; nothing is sent or started before `ask`.

    Example:
        >>> async with Chat(config) as chat:  # doctest: +SKIP
        ...     reply = await chat.ask([{"role": "user", "content": "Is 3 prime?"}], schema=VERDICT)
        ...     reply.data["verdict"]
        'yes'
    """

    def __init__(self, config: LLMConfig) -> None:
        config.require_usable()
        self.config = config
        # a LlamaIndex LLM is made for its run and opened by nobody else
        self._backend: Backend = config.llama_index or Endpoint(config)
        self._forms = self._backend.forms
        self._limits: Limits | None = None

    async def __aenter__(self) -> Chat:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connection; it may be asked again, in another event loop too."""
        self._limits = None
        await self._backend.close()

    async def ask(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        schema: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = None,
    ) -> Reply:
        """The model's reply.

        Args:
            messages: `role` and `content` of each.
            schema: JSON schema that the reply must follow; the endpoint writes by it where it can.
            temperature: instead of the configuration's.
            seed: instead of the configuration's; a LlamaIndex LLM is given none.
            max_tokens: instead of the configuration's; a LlamaIndex LLM has its own.

        Raises:
            FormError: when the reply does not follow the schema.
            LLMError: when there is no reply; it never holds the key.
        """
        request = Request(
            list(messages),
            self.config.temperature if temperature is None else temperature,
            self.config.seed if seed is None else seed,
            self.config.max_tokens if max_tokens is None else max_tokens,
        )
        if self.config.llama_index is not None:  # its own settings hold unless it is to be of another mind
            other = None if temperature == self.config.temperature else temperature
            request = Request(request.messages, temperature=other)
        try:
            if schema is None:
                return self._worded(await self._complete(request))
            return await self._structured(request, Structure(schema))
        except NormAwareError:
            raise
        except Exception as error:
            # the cause is left out: its message may repeat the key
            raise LLMError(self.config.explain(error), status=status_of(error)) from None

    def _worded(self, said: _Said) -> Reply:
        if not said.completion.text.strip():
            reason = self.config.redact(f"finish reason {said.completion.finish!r}")
            raise LLMError(f"{self.config} answered with no text ({reason}).")
        return said.reply(self.config)

    async def _structured(self, request: Request, structure: Structure) -> Reply:
        said, form = await self._formed(request, structure)
        first = said.reply(self.config)
        try:
            return replace(first, data=structure.read(first.text))
        except ValueError as error:
            self._require_whole(said.completion, request)
            wrong = str(error)
        messages = structure.repair(structure.messages(request.messages, form), first.text, wrong)
        formed = replace(request, messages=messages, response_format=structure.response_format(form))
        said = await self._complete(formed)
        second = said.reply(self.config)
        usage, seconds = first.usage + second.usage, first.seconds + second.seconds
        try:
            return Reply(second.text, usage, structure.read(second.text), seconds)
        except ValueError as error:
            self._require_whole(said.completion, request)
            reason = self.config.redact(str(error))
            raise FormError(
                f"{self.config} did not answer with a JSON object of the schema it was given ({reason}).",
                text=second.text,
            ) from None

    async def _formed(self, request: Request, structure: Structure) -> tuple[_Said, str]:
        """What was said, and the form that the endpoint did not refuse."""
        refused: Exception | None = None
        for form in self._forms:
            formed = replace(
                request,
                messages=structure.messages(request.messages, form),
                response_format=structure.response_format(form),
            )
            try:
                said = await self._complete(formed)
            except Exception as error:
                if not is_refusal(error):
                    raise
                refused = refused or error
                continue
            if refused is not None:  # asked so from now on; had all forms failed, it was not the form
                self._forms = self._forms[self._forms.index(form) :] if form in self._forms else (form,)
            return said, form
        raise refused or LLMError(f"{self.config} can be asked for JSON in no form.")

    async def _complete(self, request: Request) -> _Said:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        await self._backend.open()
        limits = self._limits = self._limits or Limits(
            self.config.concurrency, self.config.requests_per_minute
        )
        attempts = AsyncRetrying(
            stop=stop_after_attempt(self.config.max_retries + 1),
            retry=retry_if_exception(is_transient),
            wait=limits.wait,
            reraise=True,
        )

        async def once() -> _Said:
            async with limits:
                started = time.perf_counter()
                completion = await asyncio.wait_for(self._backend.complete(request), self.config.timeout)
                return _Said(completion, time.perf_counter() - started)

        return await attempts(once)

    def _require_whole(self, completion: Completion, request: Request) -> None:
        if completion.finish == "length":
            tokens = request.max_tokens or completion.completion_tokens
            raise FormError(
                f"{self.config} was cut off after {tokens} tokens, before "
                "its JSON object ended; raise max_tokens.",
                text=completion.text,
            ) from None


@dataclass(frozen=True, slots=True)
class _Said:
    completion: Completion
    seconds: float

    def reply(self, config: LLMConfig) -> Reply:
        sent, written = self.completion.prompt_tokens, self.completion.completion_tokens
        usage = Usage(1, sent, written, config.price.of(sent, written) if config.price else None)
        # half a surrogate pair, which JSON can spell, could not be written to a file
        text = self.completion.text.encode("utf-8", "replace").decode("utf-8")
        return Reply(text, usage, seconds=self.seconds)

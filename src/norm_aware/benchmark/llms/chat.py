"""Asks an OpenAI-compatible endpoint, freely or for JSON of a schema, and counts what it took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from norm_aware.benchmark.llms.llm import LLMConfig
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.errors import LLMError


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: its words.
        usage: what the call took.
        data: the JSON object in `text`, where a schema was given.
    """

    text: str
    usage: Usage
    data: Mapping[str, Any] | None = None


class Chat:
    """An open connection to a model, for any number of calls at once.

    Args:
        config: the model and how it is asked.

    Raises:
        LLMError: when the endpoint cannot be used as configured.

    Example:
        >>> async with Chat(config) as chat:  # doctest: +SKIP
        ...     reply = await chat.ask([{"role": "user", "content": "Is 3 prime?"}], schema=VERDICT)
        ...     reply.data["verdict"]
        'yes'
    """

    def __init__(self, config: LLMConfig) -> None:
        import openai

        self.config = config
        http = openai.DefaultAsyncHttpxClient(trust_env=False) if config.is_local else None
        self._client = openai.AsyncOpenAI(**config.client_options(), http_client=http)

    async def __aenter__(self) -> Chat:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.close()

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
            seed: instead of the configuration's.
            max_tokens: instead of the configuration's.

        Raises:
            LLMError: when there is no reply, or none that follows the schema; it never holds the key.
        """
        limit = "max_tokens" if self.config.base_url else "max_completion_tokens"
        options: dict[str, Any] = {limit: max_tokens or self.config.max_tokens}
        if schema is not None:
            form = {"name": "reply", "schema": dict(schema), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        try:
            completion: Any = await self._client.chat.completions.create(
                model=self.config.model,
                messages=[dict(message) for message in messages],  # type: ignore[misc]
                temperature=self.config.temperature if temperature is None else temperature,
                seed=self.config.seed if seed is None else seed,
                **options,
            )
        except Exception as error:
            raise LLMError(self.config.explain(error)) from None
        text = completion.choices[0].message.content or ""
        used = completion.usage
        usage = Usage(1, used.prompt_tokens, used.completion_tokens) if used else Usage(1)
        return Reply(text, usage, None if schema is None else _object(text, self.config))


def _object(text: str, config: LLMConfig) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise LLMError(f"{config} did not answer with a JSON object of the schema it was given.")
    return data

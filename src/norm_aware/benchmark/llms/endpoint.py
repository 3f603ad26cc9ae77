"""An OpenAI-compatible endpoint: one request, one completion, nothing repeated."""

from __future__ import annotations

import asyncio
from typing import Any

from norm_aware.benchmark.llms.completion import Completion, Request
from norm_aware.benchmark.llms.config import LLMConfig, require_openai
from norm_aware.benchmark.llms.limits import is_refusal
from norm_aware.errors import LLMError


class Endpoint:
    """Sends requests to a model behind an OpenAI-compatible API, or served in this process.

    Args:
        config: the model and where it is.
    """

    forms: tuple[str, ...] = ("json_schema", "json_object", "text")

    def __init__(self, config: LLMConfig) -> None:
        self._config = config
        self._client: Any = None
        self._seeded = True

    async def open(self) -> None:
        """Connect; a server in this process is started.

        Raises:
            LLMError: when there is no key, or the server cannot be started.
        """
        if self._client is not None:
            return
        openai = require_openai()
        options = await asyncio.to_thread(self._config.client_options)  # it may start a server
        if self._client is None:
            http = openai.DefaultAsyncHttpxClient(trust_env=False) if self._config.is_local else None
            self._client = openai.AsyncOpenAI(**options, http_client=http)

    async def complete(self, request: Request) -> Completion:
        """Send one request, once.

        Raises:
            openai.OpenAIError: when there is no completion.
            LLMError: when what came back is none.
        """
        # OpenAI's newer models refuse the old name, other servers do not know the new one
        limit = "max_completion_tokens" if self._config.is_openai else "max_tokens"
        options = {
            "temperature": request.temperature,
            "seed": request.seed if self._seeded else None,
            limit: request.max_tokens,
            "response_format": request.response_format,
        }
        try:
            found = await self._client.chat.completions.create(
                model=self._config.model,
                messages=[dict(message) for message in request.messages],
                **{name: value for name, value in options.items() if value is not None},
            )
        except Exception as error:
            # some endpoints know no seed, as Mistral's, and at temperature 0 it changes little
            if options["seed"] is None or not is_refusal(error) or "seed" not in str(error):
                raise
            self._seeded = False
            return await self.complete(request)
        try:
            choice = found.choices[0]
            text = choice.message.content
        except (AttributeError, IndexError, TypeError):
            raise LLMError(f"{self._config} answered without a choice; check the base URL.") from None
        used = found.usage
        return Completion(
            text if isinstance(text, str) else "",
            str(choice.finish_reason),
            getattr(used, "prompt_tokens", None) or 0,
            getattr(used, "completion_tokens", None) or 0,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

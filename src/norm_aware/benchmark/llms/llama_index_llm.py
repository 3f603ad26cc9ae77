"""Any LlamaIndex LLM as a model that answers or judges."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from norm_aware.benchmark.llms.completion import Completion, Request
from norm_aware.benchmark.systems.import_path import load_import_path
from norm_aware.errors import BenchmarkError, LLMError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_SECRET = re.compile(r"key|secret|passw|credential|auth|bearer|header|(?<!max_)token$", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(r"(_API_KEY|_TOKEN|_SECRET)$")
_THREADS = 32  # calls at once, at most; the configuration allows fewer
_LEAST_SECRET = 6  # characters; a shorter value would be cut out of ordinary words


class LlamaIndexLLM:
    """Asks a LlamaIndex LLM, by its own settings.

    The configuration's `temperature`, `seed` and `max_tokens` are the LLM's own business: give them when you
    construct it. A further answer asks it for another temperature, and for nothing else, since what such
    options are called differs from one LLM to the next.
    JSON of a schema is asked for in the prompt. Its plain `chat` is called, in threads: not every LLM's
    `achat` lets others run, and connections of one event loop are of no use to the next.

    Args:
        llm: any LlamaIndex LLM; it should connect or load at its first call, since it is constructed for
            its name alone where nothing is to be asked.

    Attributes:
        name: its model's name, for reports.
        fingerprint: hash of its class, its model's description and its settings; secrets are left out.

    Raises:
        LLMError: when it is no LlamaIndex LLM.

    Example:
        >>> from llama_index.core.llms import MockLLM
        >>> LlamaIndexLLM(MockLLM()).name
        'MockLLM'
    """

    forms: tuple[str, ...] = ("text",)

    def __init__(self, llm: LLM) -> None:
        from llama_index.core.base.llms.base import BaseLLM

        if not isinstance(llm, BaseLLM):
            raise LLMError(f"{type(llm).__name__} is no LlamaIndex LLM; give one, or a factory of one.")
        self.llm = llm
        metadata = llm.metadata.model_dump(mode="json")
        known = metadata.get("model_name")
        kind = type(llm)
        self.name = str(known) if known and known != "unknown" else kind.__name__
        parts = [f"{kind.__module__}.{kind.__qualname__}", metadata, _without_secrets(llm.to_dict())]
        text = json.dumps(parts, sort_keys=True, default=lambda value: type(value).__qualname__)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._threads: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Get ready to ask; it connects at its first call."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, "llama-index")

    async def close(self) -> None:
        """Ask no more; a call that is not done is not waited for."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    async def complete(self, request: Request) -> Completion:
        """Send one request, once.

        Raises:
            Exception: whatever the LLM raises.
        """
        from llama_index.core.base.llms.types import ChatMessage
        from llama_index.core.callbacks.token_counting import get_tokens_from_response

        messages = [ChatMessage(role=m["role"], content=m["content"]) for m in request.messages]
        given = {} if request.temperature is None else {"temperature": request.temperature}
        asked = partial(self.llm.chat, messages, **given)
        response = await asyncio.get_running_loop().run_in_executor(self._threads, asked)
        try:
            sent, written = get_tokens_from_response(response)
        except (TypeError, ValueError, AttributeError):  # a raw response of a shape it does not know
            sent, written = 0, 0
        return Completion(response.message.content or "", _finish(response.raw), sent or 0, written or 0)

    def secrets(self) -> set[str]:
        """Values that no message may repeat: what its settings and the environment call a key."""
        found = set(_secrets(vars(self.llm)))
        found |= {value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name)}
        return {value for value in found if len(value) >= _LEAST_SECRET}


def load_llama_index(path: str) -> LlamaIndexLLM:
    """The LlamaIndex LLM that an import path names: an LLM, or a factory called without arguments.

    Args:
        path: such as "my_package.models:make_llm".

    Raises:
        LLMError: when nothing is found there, or no LLM.
    """
    try:
        found = load_import_path(path)
    except BenchmarkError as error:
        raise LLMError(f"{error} If it is a model at an endpoint, give its base URL.") from error
    try:
        llm: Any = found() if inspect.isroutine(found) or inspect.isclass(found) else found
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise LLMError(f"{path!r} did not make a LlamaIndex LLM ({_hidden(reason)}).") from None
    return LlamaIndexLLM(llm)


def _hidden(text: str) -> str:
    for name, value in os.environ.items():
        if _SECRET_VARIABLE.search(name) and len(value) >= _LEAST_SECRET:
            text = text.replace(value, "***")
    return " ".join(text.split())[:200]


def _finish(raw: Any) -> str:
    """Why the model stopped, where the raw response says it in OpenAI's words."""
    choices = raw.get("choices") if isinstance(raw, Mapping) else getattr(raw, "choices", None)
    reason = getattr(choices[0], "finish_reason", None) if choices else None
    return str(reason or "stop")


def _without_secrets(settings: Any) -> Any:
    if isinstance(settings, Mapping):
        kept = {str(name): value for name, value in settings.items() if not _SECRET.search(str(name))}
        return {name: _without_secrets(value) for name, value in kept.items()}
    if isinstance(settings, list | tuple):
        return [_without_secrets(value) for value in settings]
    return settings


def _secrets(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, Mapping):
            yield from _secrets({str(key): part for key, part in value.items()})
        elif isinstance(value, str) and _SECRET.search(name):
            yield value

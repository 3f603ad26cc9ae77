"""A language model, wherever it runs, and how it is asked."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from norm_aware.benchmark.llms.usage import Price
from norm_aware.errors import LLMError, MissingExtraError

if TYPE_CHECKING:
    from norm_aware.benchmark.llms.llama_index_llm import LlamaIndexLLM
    from norm_aware.benchmark.llms.llama_server import LlamaServer

OPENAI = "https://api.openai.com/v1"
"""Where a model is asked that was given no base URL."""

_KEY_VARIABLE = "OPENAI_API_KEY"
_NO_KEY = "none"  # most local servers want a key and take any
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LONGEST = 200  # characters of someone else's message worth repeating
_LEAST = {"max_tokens": 1, "context_budget": 1, "max_retries": 0, "temperature": 0, "concurrency": 1}


@dataclass(frozen=True, slots=True)
class LLMConfig:
    """A language model and how it is asked: behind an endpoint, served here, or through LlamaIndex.

    Attributes:
        model: the model's name at the endpoint.
        base_url: address of an OpenAI-compatible endpoint; None is OpenAI's own.
        api_key: key of the endpoint; None sends none, or `OPENAI_API_KEY` to OpenAI's own.
        temperature: 0 makes the likeliest answer, the same one each time where the endpoint allows it.
        max_tokens: longest answer, in tokens.
        timeout: seconds one request may take, from its turn to its last word.
        max_retries: how often a request is repeated that timed out or met a busy or failing endpoint.
        seed: of the sampling.
        context_budget: longest prompt, in characters; about four make a token of English.
        weights: digest of the model's file where it is known; it then stands for model and base URL.
        concurrency: requests in flight at once.
        requests_per_minute: the most that are sent; None sends them as they come.
        price: of its tokens; None where it is not known.
        server: what serves the model's file in this process, started by the first request.
        llama_index: the LlamaIndex LLM that is asked, by its own settings, in place of an endpoint.

    Raises:
        LLMError: when a value is out of range.
    """

    model: str
    base_url: str | None = None
    api_key: SecretStr | None = field(default=None, repr=False)
    temperature: float = 0.0
    max_tokens: int = 64
    timeout: float = 120.0
    max_retries: int = 2
    seed: int = 0
    context_budget: int = 6000
    weights: str | None = None
    concurrency: int = 4
    requests_per_minute: float | None = None
    price: Price | None = None
    server: LlamaServer | None = field(default=None, repr=False, compare=False)
    llama_index: LlamaIndexLLM | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.model:
            raise LLMError("The model has no name; give the one its endpoint knows it by.")
        url = urlsplit(self.base_url or OPENAI)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise LLMError("The base URL is no HTTP address; it must look like http://127.0.0.1:8080/v1.")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise LLMError(f"{name} is {getattr(self, name)}; it must be at least {least}.")
        for name, unit in (("timeout", " s"), ("requests_per_minute", "")):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise LLMError(f"{name} is {value:g}{unit}; it must be above 0.")

    def __str__(self) -> str:
        return f"{self.model} {'' if self.is_served else 'at '}{self.place}"

    @property
    def is_served(self) -> bool:
        """Whether the model is reached without an endpoint: from its file, or through LlamaIndex."""
        return self.server is not None or self.llama_index is not None

    @property
    def place(self) -> str:
        """The endpoint as it may be shown, without user, password or query; or what stands for one."""
        if self.llama_index is not None:
            return "through LlamaIndex"
        if self.server is not None:
            return "in this process"
        url = urlsplit(self.base_url or OPENAI)
        return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine, where no proxy may stand between."""
        return self.server is not None or urlsplit(self.base_url or OPENAI).hostname in _LOOPBACK

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI's own endpoint is meant, which knows some words that others do not."""
        return self.base_url is None and not self.is_served

    @property
    def source(self) -> tuple[str, ...]:
        """What tells one model from another, however it is asked."""
        if self.llama_index is not None:
            return ("llama_index", self.llama_index.fingerprint)
        return (self.weights,) if self.weights else (self.model, self.place)

    def fingerprint(self, *parts: object) -> str:
        """Hash of everything here that changes what the model says, and of further parts; never the key."""
        asked = (self.temperature, self.max_tokens, self.seed, self.context_budget)
        return hashlib.sha256(json.dumps([self.source, asked, parts], sort_keys=True).encode()).hexdigest()[
            :16
        ]

    def require_usable(self) -> None:
        """Check what can be checked without a request, before hours of work; nothing is started.

        Raises:
            LLMError: when OpenAI's own endpoint is meant and no key is given.
            MissingExtraError: when openai is not installed.
        """
        if self.llama_index is None:
            require_openai()
            self._key()

    def client_options(self) -> dict[str, Any]:
        """Arguments of `openai.OpenAI` and `openai.AsyncOpenAI`; a server in this process is started.

        Raises:
            LLMError: when OpenAI's own endpoint is meant and no key is given, the server cannot be started,
                or the model is asked through LlamaIndex.
        """
        if self.llama_index is not None:
            raise LLMError(f"{self} has no endpoint that an OpenAI client could ask; ask it by a Chat.")
        return {
            "base_url": self.server.start() if self.server is not None else self.base_url or OPENAI,
            "api_key": self._key(),
            "timeout": self.timeout,
            "max_retries": 0,  # a Chat repeats a failed request in its turn
        }

    def redact(self, text: str) -> str:
        """The text in one short line, without a key."""
        secrets = {self.api_key.get_secret_value() if self.api_key else "", os.environ.get(_KEY_VARIABLE, "")}
        if self.llama_index is not None:
            secrets |= self.llama_index.secrets()
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    def explain(self, error: BaseException) -> str:
        """One sentence that says why a call failed, without the key."""
        if isinstance(error, LLMError):
            return str(error)
        openai = require_openai() if importlib.util.find_spec("openai") else None
        if isinstance(error, TimeoutError) or type(error).__name__ in ("TimeoutError", "APITimeoutError"):
            return f"{self} did not answer within {self.timeout:g} s."
        if openai is not None:
            if isinstance(error, openai.APIConnectionError):
                return f"{self} could not be reached; check that it runs there."
            if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
                # without the body, in which endpoints repeat parts of the key
                return f"{self} refused the API key (HTTP {error.status_code}); give it a valid one."
            if isinstance(error, openai.APIStatusError):
                return self.redact(f"{self} answered HTTP {error.status_code}: {_detail(error.body)}")
            if isinstance(error, openai.APIResponseValidationError | json.JSONDecodeError):
                return f"{self} answered with something that is no chat completion; check the base URL."
        return self.redact(f"{self} failed with {type(error).__name__}: {error}")

    def _key(self) -> str:
        if self.api_key is not None:
            return self.api_key.get_secret_value()
        if not self.is_openai:
            return _NO_KEY  # and never OPENAI_API_KEY, which is not this endpoint's to see
        if not (key := os.environ.get(_KEY_VARIABLE)):
            raise LLMError(
                f"{self.model!r} would be asked at {OPENAI}, which needs an API key; give one, or the base "
                "URL of another endpoint, or a GGUF file."
            )
        return key


def require_openai() -> Any:
    """The module openai.

    Raises:
        MissingExtraError: when it is not installed.
    """
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError(
            'Asking a language model needs openai; install it with pip install "norm-aware[benchmark]".'
        ) from error
    return openai


def _detail(body: object) -> str:
    """What an error's body says; openai has unwrapped `error` already."""
    message = body.get("message", body) if isinstance(body, Mapping) else body
    return str(message or "no reason given")

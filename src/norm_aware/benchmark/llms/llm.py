"""The language model that answers questions from what was retrieved, wherever it runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from norm_aware.benchmark.llms.llama_server import LlamaServer, gguf_digest, packaged_smollm2
from norm_aware.errors import LLMError, MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType

    from openai.types.chat import ChatCompletionMessageParam

PROMPT: Mapping[str, str] = {
    "system": (
        "You read texts and answer a question about them in a few words, using only the texts. "
        "If the texts do not say, you answer: I don't know."
    ),
    "user": "{contexts}\n\nUsing only the texts above, answer in a few words: {question}",
}
"""What every system's model is asked: the two messages, with places for the contexts and the question."""

OPENAI = "https://api.openai.com/v1"
"""Where a model is asked that was given no base URL."""

PROMPT_TOKENS = 4096
"""Least room for the prompt in a model served here; a longer budget gets a token per 1.5 characters."""

_KEY_VARIABLE = "OPENAI_API_KEY"
_NO_KEY = "none"  # most local servers want a key and take any
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LONGEST = 200  # characters of someone else's message worth repeating


@dataclass(frozen=True, slots=True)
class LLMConfig:
    """A language model behind an OpenAI-compatible API, and how it is asked.

    Attributes:
        model: the model's name at the endpoint.
        base_url: address of the endpoint; None is OpenAI's own.
        api_key: key of the endpoint; None sends none, or `OPENAI_API_KEY` to OpenAI's own.
        temperature: 0 makes the likeliest answer, the same one each time where the endpoint allows it.
        max_tokens: longest answer, in tokens.
        timeout: seconds one request may take.
        max_retries: how often a request is repeated that timed out or met a busy or failing endpoint.
        seed: of the sampling.
        context_budget: longest prompt, in characters; about four make a token of English.
        weights: digest of the model's file where it is known; it then stands for model and base URL.

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

    def __post_init__(self) -> None:
        if not self.model:
            raise LLMError("The model has no name; give the one its endpoint knows it by.")
        url = urlsplit(self.base_url or OPENAI)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise LLMError("The base URL is no HTTP address; it must look like http://127.0.0.1:8080/v1.")
        for name, least in (("max_tokens", 1), ("context_budget", 1), ("max_retries", 0), ("temperature", 0)):
            if getattr(self, name) < least:
                raise LLMError(f"{name} is {getattr(self, name)}; it must be at least {least}.")
        if self.timeout <= 0:
            raise LLMError(f"timeout is {self.timeout:g} s; it must be above 0.")

    def __str__(self) -> str:
        return f"{self.model} at {self.place}"

    @property
    def place(self) -> str:
        """The endpoint as it may be shown: without user, password or query."""
        url = urlsplit(self.base_url or OPENAI)
        return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine, where no proxy may stand between."""
        return urlsplit(self.base_url or OPENAI).hostname in _LOOPBACK

    def fingerprint(self, *parts: object) -> str:
        """Hash of everything here that changes what the model says, and of further parts; never the key."""
        source = (self.weights,) if self.weights else (self.model, self.place)
        asked = (self.temperature, self.max_tokens, self.seed, self.context_budget)
        return hashlib.sha256(json.dumps([source, asked, parts], sort_keys=True).encode()).hexdigest()[:16]

    def client_options(self) -> dict[str, Any]:
        """Arguments of `openai.OpenAI` and `openai.AsyncOpenAI`.

        Raises:
            LLMError: when OpenAI's own endpoint is meant and no key is given.
        """
        return {
            "base_url": self.base_url or OPENAI,
            "api_key": self._key(),
            "timeout": self.timeout,
            "max_retries": self.max_retries,
        }

    def redact(self, text: str) -> str:
        """The text in one short line, without the key."""
        given = self.api_key.get_secret_value() if self.api_key else ""
        for secret in filter(None, (given, os.environ.get(_KEY_VARIABLE))):
            text = text.replace(secret, "***")
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    def explain(self, error: BaseException) -> str:
        """One sentence that says why a call failed, without the key."""
        openai = _openai()
        if isinstance(error, openai.APITimeoutError):
            return f"{self} did not answer within {self.timeout:g} s."
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
        if self.base_url is not None:
            return _NO_KEY  # and never OPENAI_API_KEY, which is not this endpoint's to see
        if not (key := os.environ.get(_KEY_VARIABLE)):
            raise LLMError(
                f"{self.model!r} would be asked at {OPENAI}, which needs an API key; give one, or the base "
                "URL of another endpoint, or a GGUF file."
            )
        return key


class LLM:
    """Answers questions from contexts, with one prompt for every system.

    Args:
        config: the model and how it is asked.

    Attributes:
        config: as given.
        fingerprint: hash of everything that changes an answer.

    Raises:
        LLMError: when the endpoint cannot be used as configured.
        MissingExtraError: when openai is not installed.
    """

    def __init__(self, config: LLMConfig) -> None:
        openai = _openai()
        self.config = config
        self.fingerprint = config.fingerprint(dict(PROMPT))
        http = openai.DefaultHttpxClient(trust_env=False) if config.is_local else None
        self._client = openai.OpenAI(**config.client_options(), http_client=http)

    def answer(self, question: str, contexts: Sequence[str]) -> str:
        """The model's answer to a question from the retrieved contexts, best first.

        Raises:
            LLMError: when there is no answer; it says why and never holds the key.
        """
        messages = self.messages(question, contexts)
        # OpenAI's newer models refuse the old name, other servers do not know the new one
        limit = "max_tokens" if self.config.base_url else "max_completion_tokens"
        try:
            completion: Any = self._client.chat.completions.create(
                model=self.config.model,
                messages=messages,
                temperature=self.config.temperature,
                seed=self.config.seed,
                **{limit: self.config.max_tokens},
            )
        except Exception as error:
            # the cause is left out: its message may repeat the key
            raise LLMError(self.config.explain(error)) from None
        return self._text(completion)

    def messages(self, question: str, contexts: Sequence[str]) -> list[ChatCompletionMessageParam]:
        """The two messages the model is sent: contexts numbered, each cut to an equal share of the budget.

        Raises:
            LLMError: when the question alone exceeds the budget.
        """
        labels = [f"[{number}] " for number in range(1, len(contexts) + 1)]
        fixed = len(PROMPT["system"]) + len(PROMPT["user"].format(contexts="", question=question))
        room = self.config.context_budget - fixed - sum(len(label) + 2 for label in labels)
        if room < 0:
            size = f"question of {len(question)} characters in a prompt of {self.config.context_budget}"
            raise LLMError(f"No room is left for texts beside a {size}; raise context_budget.")
        share = room // max(1, len(contexts))
        shown = [label + text[:share].strip() for label, text in zip(labels, contexts, strict=True)]
        user = PROMPT["user"].format(contexts="\n\n".join(shown) or "(no texts)", question=question)
        return [{"role": "system", "content": PROMPT["system"]}, {"role": "user", "content": user}]

    def close(self) -> None:
        """Close the connections; the model can be asked no more."""
        self._client.close()

    def _text(self, completion: Any) -> str:
        try:
            choice = completion.choices[0]
            text = choice.message.content
        except (AttributeError, IndexError, TypeError):
            raise LLMError(f"{self.config} answered without a choice; check the base URL.") from None
        if not isinstance(text, str) or not text.strip():
            reason = self.config.redact(f"finish reason {choice.finish_reason!r}")
            raise LLMError(f"{self.config} answered with no text ({reason}).")
        return text.strip()


@contextmanager
def open_llm(
    spec: str,
    *,
    base_url: str | None = None,
    api_key: SecretStr | None = None,
    max_tokens: int = 64,
    context_budget: int = 6000,
    timeout: float = 120.0,
    seed: int = 0,
) -> Iterator[LLM]:
    """The language model a setting names, ready to answer while the block runs.

    Args:
        spec: with a base URL, the model's name there. Without: "smollm2" is the packaged
            SmolLM2-135M-Instruct and a path that ends in .gguf that file, both served in this process;
            any other name is OpenAI's.
        base_url: OpenAI-compatible endpoint.
        api_key: its key.
        max_tokens: longest answer, in tokens.
        context_budget: longest prompt, in characters.
        timeout: seconds one request may take.
        seed: of the sampling.

    Raises:
        LLMError: when the model cannot be started or used as given.
        MissingExtraError: when what it needs is not installed.

    Example:
        >>> with open_llm("qwen3", base_url="http://127.0.0.1:8080/v1") as llm:  # doctest: +SKIP
        ...     llm.answer("Where is the Louvre?", ["The Louvre stands in Paris."])
        'Paris'
    """
    path = _file(spec) if base_url is None else None
    options: dict[str, Any] = {"max_tokens": max_tokens, "context_budget": context_budget, "seed": seed}
    with ExitStack() as stack:
        if path is not None:
            tokens = max(PROMPT_TOKENS, context_budget * 2 // 3) + max_tokens
            server = stack.enter_context(LlamaServer(path, context_tokens=tokens))
            spec, base_url, api_key = path.name, server.base_url, None
            options["weights"] = gguf_digest(path)
        config = LLMConfig(spec, base_url, api_key, timeout=timeout, **options)
        yield stack.enter_context(closing(LLM(config)))


def _file(spec: str) -> Path | None:
    if spec == "smollm2":
        return packaged_smollm2()
    return Path(spec).expanduser() if spec.lower().endswith(".gguf") else None


def _detail(body: object) -> str:
    """What an error's body says; openai has unwrapped `error` already."""
    message = body.get("message", body) if isinstance(body, Mapping) else body
    return str(message or "no reason given")


def _openai() -> ModuleType:
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError(
            'Asking a language model needs openai; install it with pip install "norm-aware[benchmark]".'
        ) from error
    return openai

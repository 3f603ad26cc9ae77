"""The language model that answers questions from what was retrieved, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pydantic import SecretStr

from norm_aware.benchmark.awaiting import await_in_thread
from norm_aware.benchmark.llms.chat import Chat, Reply
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.benchmark.llms.prompt import Prompt

REPEAT_TEMPERATURE = 0.7
"""At which further answers are given by a model whose temperature is 0."""


class LLM:
    """Answers questions from contexts.

    Args:
        config: the model and how it is asked.
        prompt: what it is asked with where no other is given.

    Attributes:
        config: as given.
        prompt: as given.
        fingerprint: hash of everything that changes an answer but prompt, question and contexts.
        concurrency: requests in flight at once.

    Raises:
        LLMError: when the endpoint cannot be used as configured; nothing is sent or started yet.
        MissingExtraError: when openai is not installed.
    """

    def __init__(self, config: LLMConfig, *, prompt: Prompt | None = None) -> None:
        self.config = config
        self.prompt = prompt or Prompt()
        self.fingerprint = config.fingerprint("answer", REPEAT_TEMPERATURE)
        self.concurrency = config.concurrency
        self._chat = Chat(config)

    async def __aenter__(self) -> LLM:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._chat.aclose()

    async def reply(
        self, question: str, contexts: Sequence[str], *, prompt: Prompt | None = None, repeat: int = 0
    ) -> Reply:
        """The model's answer to a question from the retrieved contexts, and what it took.

        Args:
            question: what is asked.
            contexts: texts, the best first.
            prompt: what it is asked with; None is this model's own.
            repeat: 0 for the answer; above, a further one, by another seed at a temperature above 0.

        Raises:
            LLMError: when there is no answer; it says why and never holds the key.
        """
        messages = (prompt or self.prompt).messages(question, contexts, budget=self.config.context_budget)
        temperature = (self.config.temperature or REPEAT_TEMPERATURE) if repeat else None
        seed = self.config.seed + repeat if repeat else None
        reply = await self._chat.ask(messages, temperature=temperature, seed=seed)
        return replace(reply, text=reply.text.strip())

    def answer(self, question: str, contexts: Sequence[str]) -> str:
        """The model's answer in words, for one question; `reply` is for many at once.

        Raises:
            LLMError: when there is no answer; it says why and never holds the key.
        """

        async def alone() -> str:
            async with self:
                return (await self.reply(question, contexts)).text

        return await_in_thread(alone())


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
    """The language model a name stands for, ready to answer while the block runs.

    Args:
        spec: its name, as in `ModelSpec`.
        base_url: OpenAI-compatible endpoint.
        api_key: its key.
        max_tokens: longest answer, in tokens.
        context_budget: longest prompt, in characters.
        timeout: seconds one request may take.
        seed: of the sampling.

    Raises:
        LLMError: when the model cannot be used as given.
        MissingExtraError: when what it needs is not installed.

    Example:
        >>> with open_llm("qwen3", base_url="http://127.0.0.1:8080/v1") as llm:  # doctest: +SKIP
        ...     llm.answer("Where is the Louvre?", ["The Louvre stands in Paris."])
        'Paris'
    """
    opened = open_config(
        ModelSpec(spec, base_url, api_key),
        max_tokens=max_tokens,
        context_budget=context_budget,
        timeout=timeout,
        seed=seed,
    )
    with opened as config:
        yield LLM(config)

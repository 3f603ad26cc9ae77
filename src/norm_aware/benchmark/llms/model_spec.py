"""A language model as a user names it, and how the name becomes one that can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llama_index_llm import LlamaIndexLLM, load_llama_index
from norm_aware.benchmark.llms.llama_server import (
    LlamaServer,
    gguf_digest,
    packaged_smollm2,
    require_gguf,
    require_xllamacpp,
)
from norm_aware.benchmark.llms.usage import Price
from norm_aware.benchmark.systems.import_path import is_import_path

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

PROMPT_TOKENS = 4096
"""Least room for the prompt in a model served here; a longer budget gets a token per 1.5 characters."""

SMOLLM2 = "smollm2"
"""Name of the packaged SmolLM2-135M-Instruct."""

CONCURRENCY = 4  # of an endpoint; a model served here answers one at a time, so that it repeats itself


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A language model as a user names it.

    Attributes:
        name: with a base URL, the model's name there. Without: "smollm2" is the packaged one, a path that
            ends in .gguf that file, `package.module:factory` the LlamaIndex LLM found there; any other name
            is OpenAI's.
        base_url: OpenAI-compatible endpoint.
        api_key: key of the endpoint.
        temperature: of its answers.
        concurrency: requests in flight at once; None is 4, or 1 for a model served in this process.
        requests_per_minute: the most that are sent; None sends them as they come.
        max_retries: how often a request is repeated that met a busy or failing endpoint.
        price: of its tokens.
        llama_index: a LlamaIndex LLM, which is then asked; the name is for reports.
    """

    name: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float = 0.0
    concurrency: int | None = None
    requests_per_minute: float | None = None
    max_retries: int = 2
    price: Price | None = None
    llama_index: LLM | None = field(default=None, repr=False)

    @property
    def path(self) -> Path | None:
        """The model's file, where it is one that is served in this process.

        Raises:
            MissingExtraError: when the packaged model is meant and not installed.
        """
        if self.base_url is not None or self.llama_index is not None:
            return None
        if self.name == SMOLLM2:
            return packaged_smollm2()
        return Path(self.name).expanduser() if is_gguf(self.name) else None


def is_gguf(name: str) -> bool:
    """Whether a model's name is that of a GGUF file."""
    return name.lower().endswith(".gguf")


@contextmanager
def open_config(
    spec: ModelSpec,
    *,
    max_tokens: int = 64,
    context_budget: int = 6000,
    timeout: float = 120.0,
    seed: int = 0,
    reuse_prompts: bool = False,
) -> Iterator[LLMConfig]:
    """The model that is meant, and how it is asked; what its calls started is stopped with the block.

    Nothing is sent, loaded or started by this: a run in which nothing is to be asked starts no server.

    Args:
        spec: the model.
        max_tokens: longest reply, in tokens.
        context_budget: longest prompt, in characters.
        timeout: seconds one request may take.
        seed: of the sampling.
        reuse_prompts: whether a model served in this process reads the common beginning of its prompts once.

    Raises:
        LLMError: when there is no such file or import path, or a value is out of range.
        MissingExtraError: when what it needs is not installed.
    """
    path = spec.path
    adapter = server = weights = None
    name = spec.name
    if spec.llama_index is not None:
        adapter = LlamaIndexLLM(spec.llama_index)
    elif path is not None:
        require_gguf(path)
        require_xllamacpp()
        tokens = max(PROMPT_TOKENS, context_budget * 2 // 3) + max_tokens
        server = LlamaServer(
            path, context_tokens=tokens, parallel=spec.concurrency or 1, reuse_prompts=reuse_prompts
        )
        name, weights = path.name, gguf_digest(path)
    elif spec.base_url is None and is_import_path(name):
        adapter = load_llama_index(name)
        name = adapter.name
    try:
        yield LLMConfig(
            name,
            spec.base_url,
            None if server or adapter else spec.api_key,
            temperature=spec.temperature,
            max_tokens=max_tokens,
            timeout=timeout,
            max_retries=spec.max_retries,
            seed=seed,
            context_budget=context_budget,
            weights=weights,
            concurrency=spec.concurrency or (1 if server else CONCURRENCY),
            requests_per_minute=spec.requests_per_minute,
            price=spec.price,
            server=server,
            llama_index=adapter,
        )
    finally:
        if server is not None:
            server.stop()

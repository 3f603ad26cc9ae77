"""One request to a language model and what came back, whoever is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is sent.

    Attributes:
        messages: `role` and `content` of each.
        temperature: None leaves it to the model's own settings.
        seed: None leaves it to the model's own settings.
        max_tokens: longest reply.
        response_format: in OpenAI's words; None asks for free text.
    """

    messages: Sequence[Mapping[str, str]]
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    response_format: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model sent back.

    Attributes:
        text: its words; empty where it had none.
        finish: why it stopped, such as "stop", or "length" at its longest.
        prompt_tokens: tokens sent, as the other side counted them.
        completion_tokens: tokens it wrote.
    """

    text: str
    finish: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Backend(Protocol):
    """Whoever is asked: an endpoint, or a LlamaIndex LLM.

    Attributes:
        forms: how it can be asked for JSON, the best first: "json_schema", "json_object", "text".
    """

    forms: tuple[str, ...]

    async def open(self) -> None:
        """Get ready: connect, or start a server; again, it does nothing."""

    async def complete(self, request: Request) -> Completion:
        """Send one request, once."""

    async def close(self) -> None:
        """Let go of the connections; `open` may follow."""

"""What asking language models cost: calls, tokens and money."""

from __future__ import annotations

from dataclasses import dataclass

from norm_aware.errors import LLMError

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What an endpoint asks for, in any one currency per million tokens.

    Attributes:
        prompt: a million tokens sent.
        completion: a million tokens written.

    Raises:
        LLMError: when a price is below 0.

    Example:
        >>> Price(0.5, 2).of(1_000_000, 500_000)
        1.5
    """

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            if not getattr(self, name) >= 0:
                raise LLMError(f"The {name} price is {getattr(self, name)}; it must be at least 0.")

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of so many tokens."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / _MILLION


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls to a language model and what they took; usages add up.

    Attributes:
        calls: requests that were answered.
        prompt_tokens: tokens sent, as the endpoint counted them.
        completion_tokens: tokens it wrote.
        cost: their price; None where no price is known.

    Example:
        >>> Usage(1, 10, 2) + Usage(1, 5, 1)
        Usage(calls=2, prompt_tokens=15, completion_tokens=3, cost=None)
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            sum(costs) if costs else None,
        )

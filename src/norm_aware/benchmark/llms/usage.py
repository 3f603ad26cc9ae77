"""What asking language models cost: calls, tokens and money."""

from __future__ import annotations

from dataclasses import dataclass


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

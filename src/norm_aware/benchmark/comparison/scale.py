"""The scale of a measure: what its least and greatest values are, and which of them is the better one."""

from __future__ import annotations

from dataclasses import dataclass

from norm_aware.benchmark.metrics.metric import METRICS


@dataclass(frozen=True, slots=True)
class Scale:
    """Which values a measure can have.

    Attributes:
        low: its least value.
        high: its greatest.
        higher_is_better: False for a measure of errors.
    """

    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True

    @property
    def best(self) -> float:
        """The value of a perfect answer."""
        return self.high if self.higher_is_better else self.low

    @property
    def worst(self) -> float:
        """The value of the worst answer."""
        return self.low if self.higher_is_better else self.high

    @property
    def span(self) -> float:
        """The largest difference that two systems can have on one question."""
        return self.high - self.low


def default_scale(measure: str) -> Scale:
    """The scale of a measure that none was given for: the benchmark's own, else from 0 to 1.

    In all of the benchmark's measures more is better; those that are cosines go from -1.

    Example:
        >>> default_scale("nDCG@10").worst, default_scale("semantic_similarity").worst
        (0.0, -1.0)
    """
    return Scale(low=METRICS[measure].low) if measure in METRICS else Scale()

"""A linear scale for a chart: where values stand, and which of them are marked.

Positions are percentages of the chart's width, so a chart follows the width of its page while its
lettering keeps its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from values to percentages of a chart's width.

    Attributes:
        low: value at `start`.
        high: value at `end`, above `low`.
        step: distance between ticks.
        start: percentage at which the scale begins.
        end: percentage at which it ends.

    Example:
        >>> Axis(low=-1.0, high=1.0, step=0.5).at(0.5)
        '75.00%'
    """

    low: float
    high: float
    step: float
    start: float = 0.0
    end: float = 100.0

    @property
    def ticks(self) -> tuple[float, ...]:
        """Multiples of `step` on the scale, in order."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return tuple(index * self.step for index in range(first, last + 1))

    def percent(self, value: float) -> float:
        """Position of a value, in percent of the width; values beyond the scale stop at its ends."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def at(self, value: float) -> str:
        """Position of a value as an SVG length."""
        return f"{self.percent(value):.2f}%"

    def label(self, tick: float) -> str:
        """A tick's number with as many decimals as the step needs, its minus sign typographic."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return f"{tick + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts.

    Example:
        >>> nice_step(1.0, 6)
        0.2
    """
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))

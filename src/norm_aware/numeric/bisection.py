"""Where a rising function crosses zero."""

from __future__ import annotations

from collections.abc import Callable


def rising_root(function: Callable[[float], float], low: float, high: float) -> float:
    """The place between `low` and `high` where a rising function crosses zero, by halving.

    Args:
        function: at most 0 at `low` and at least 0 at `high`.
        low: lower end.
        high: upper end.

    Returns:
        The place, to 12 digits.

    Example:
        >>> round(rising_root(lambda x: x**2 - 2, 0.0, 2.0), 9)
        1.414213562
    """
    while high - low > 1e-12 * max(1.0, abs(low)):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2

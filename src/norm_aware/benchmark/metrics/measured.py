"""A call as a score: a finite number in its range, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.score import Score

_ROUNDING = 1e-6
_DIGITS = 6


async def measured(
    name: str, call: Callable[[], Awaitable[float]], explain: Callable[[Exception], str]
) -> Score:
    """The score of a metric by what its call returns; nothing is raised.

    Args:
        name: of a metric of `METRICS`.
        call: returns its value.
        explain: one line that says why the call failed.
    """
    started = time.perf_counter()
    value, reason, least = None, None, METRICS[name].low
    try:
        found = await call()
    except Exception as error:
        reason = explain(error)
    else:
        if least - _ROUNDING <= found <= 1 + _ROUNDING:
            # RAGAS adds tiny numbers to denominators, and a tie must not become a win by them
            value = round(min(1.0, max(least, found)), _DIGITS)
        else:  # also where it is not a number
            reason = f"RAGAS returned {found:g}, which is not between {least:g} and 1"
    return Score(name, value, reason, round(time.perf_counter() - started, 4))

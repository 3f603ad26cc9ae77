"""Retrieval gain against answer gain: a bubble for each cell of a grid, and nine counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from norm_aware.numeric.axis import Axis, nice_step

HEIGHT = 300.0
"""Height of the chart's plane, in pixels."""

_CELLS = 20
_RADIUS = 13.0  # of the cell that holds most questions, in pixels


@dataclass(frozen=True, slots=True)
class Bubble:
    """Questions whose gains fall into one cell of the grid.

    Attributes:
        x: of the centre, which is the mean of its questions, as an SVG length.
        y: of the centre, in pixels from the top.
        radius: in pixels; the area grows with `count`.
        retrieval: mean gain of its questions.
        answer: their mean gain.
        count: questions in the cell.
    """

    x: str
    y: float
    radius: float
    retrieval: float
    answer: float
    count: int


@dataclass(frozen=True, slots=True)
class Scatter:
    """A chart of gains.

    Attributes:
        x: scale of retrieval gains.
        y: scale of answer gains, in percent of `HEIGHT` from the bottom.
        bubbles: one per cell that holds a question, the largest first.
        table: questions by (answer, retrieval), each of "better", "same" and "worse".
    """

    x: Axis
    y: Axis
    bubbles: tuple[Bubble, ...]
    table: Mapping[tuple[str, str], int]

    def height_of(self, value: float) -> float:
        """Pixels from the top at which an answer gain stands."""
        return HEIGHT * (1 - self.y.percent(value) / 100)


def scatter(points: Sequence[Mapping[str, Any]]) -> Scatter | None:
    """The chart of per-question gains; None when there is no point.

    Args:
        points: each with the gain in `retrieval` and in `answer`.

    Example:
        >>> chart = scatter([{"retrieval": 0.5, "answer": 0.0}, {"retrieval": 0.5, "answer": 0.0}])
        >>> [(bubble.count, bubble.retrieval) for bubble in chart.bubbles]
        [(2, 0.5)]
        >>> chart.table["same", "better"]
        2
    """
    if not points:
        return None
    x, y = (_axis([point[key] for point in points]) for key in ("retrieval", "answer"))
    steps = [(axis.high - axis.low) / _CELLS for axis in (x, y)]
    # 0 is the centre of a cell of its own: questions without a gain must not be mixed with small ones
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for point in points:
        gains = (point["retrieval"], point["answer"])
        cell = (round(gains[0] / steps[0]), round(gains[1] / steps[1]))
        cells.setdefault(cell, []).append(gains)
    most = max(map(len, cells.values()))
    chart = Scatter(x, y, (), Counter((_way(p["answer"]), _way(p["retrieval"])) for p in points))
    bubbles = []
    for inside in sorted(cells.values(), key=len, reverse=True):
        retrieval, answer = (sum(column) / len(inside) for column in zip(*inside, strict=True))
        radius = max(2.5, _RADIUS * (len(inside) / most) ** 0.5)
        height = chart.height_of(answer)
        bubbles.append(Bubble(x.at(retrieval), height, radius, retrieval, answer, len(inside)))
    return Scatter(x, y, tuple(bubbles), chart.table)


def _axis(values: Sequence[float]) -> Axis:
    reach = max(0.05, *(abs(value) for value in values)) * 1.1
    return Axis(-reach, reach, nice_step(2 * reach, 6), start=6.0, end=99.0)


def _way(gain: float) -> str:
    return "same" if abs(gain) <= 1e-9 else "better" if gain > 0 else "worse"

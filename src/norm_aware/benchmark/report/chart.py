"""Where things stand on the report's charts: scales, ticks and bars as plain numbers, drawn by the template.

Horizontal positions are percentages of the chart's width, so a chart follows the width of its page while
its lettering keeps its size; heights are CSS pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from norm_aware.numeric.axis import Axis, nice_step

PANEL_HEIGHT = 110.0
"""Height of the tallest possible histogram bar, in pixels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin of a histogram.

    Attributes:
        x: left edge, as an SVG length.
        width: width, as an SVG length.
        height: height in pixels, at most `PANEL_HEIGHT`.
        low: norm at the left edge.
        high: norm at the right edge.
        count: documents in the bin.
        share: `count` over all documents of the panel.
    """

    x: str
    width: str
    height: float
    low: float
    high: float
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Panel:
    """The histogram of one group of documents.

    Attributes:
        name: which documents.
        total: how many.
        bars: one per bin, in order.
        mean: their mean norm; None when unknown.
    """

    name: str
    total: int
    bars: tuple[Bar, ...]
    mean: float | None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Two panels over one horizontal and one vertical scale.

    Attributes:
        axis: scale of the norms.
        panels: relevant documents, then the others.
        levels: marked shares, as (share, height in pixels).
    """

    axis: Axis
    panels: tuple[Panel, ...]
    levels: tuple[tuple[float, float], ...]


def forest_axis(comparisons: Iterable[Mapping[str, Any]]) -> Axis | None:
    """A scale that holds zero and every comparison's difference and interval, with a little air around.

    Args:
        comparisons: comparisons as results.json holds them; those without a difference are passed over.

    Returns:
        The scale; None when there is nothing to draw.
    """
    values = [
        float(comparison[key])
        for comparison in comparisons
        for key in ("difference", "low", "high")
        if comparison[key] is not None
    ]
    if not values:
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    air = max(0.08 * (high - low), 0.01)
    low, high = low - air, high + air
    return Axis(low, high, nice_step(high - low, 6), start=2.0, end=98.0)


def histogram(norms: Mapping[str, Any]) -> Histogram | None:
    """Histograms of relevant and other documents' norms, each as shares of its own group.

    Shares make the two comparable: a corpus has a handful of relevant documents and thousands of others.

    Args:
        norms: `norms` of results.json: n + 1 `edges`, n counts in `relevant` and in `other`, two means.

    Returns:
        The chart; None when no document was counted.
    """
    edges = [float(edge) for edge in norms["edges"]]
    groups = {"Relevant documents": "relevant", "Other documents": "other"}
    tallest = max((_share(count, norms[key]) for key in groups.values() for count in norms[key]), default=0.0)
    if tallest == 0:
        return None
    span = edges[-1] - edges[0] or abs(edges[0]) or 1.0  # bins without width: every norm is the same
    axis = Axis(edges[0], edges[0] + span, nice_step(span, 6), start=8.0, end=99.0)
    levels = Axis(0.0, tallest, nice_step(tallest, 4))
    return Histogram(
        axis,
        tuple(
            Panel(name, sum(norms[key]), _bars(axis, edges, norms[key], tallest), norms[f"mean_{key}"])
            for name, key in groups.items()
        ),
        tuple((tick, PANEL_HEIGHT * tick / tallest) for tick in levels.ticks),
    )


def _share(count: int, counts: Sequence[int]) -> float:
    return count / max(1, sum(counts))


def _bars(axis: Axis, edges: Sequence[float], counts: Sequence[int], tallest: float) -> tuple[Bar, ...]:
    bars = []
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        share = _share(count, counts)
        width = f"{max(0.3, axis.percent(high) - axis.percent(low)):.2f}%"
        bars.append(Bar(axis.at(low), width, PANEL_HEIGHT * share / tallest, low, high, count, share))
    return tuple(bars)

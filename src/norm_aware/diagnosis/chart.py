"""Where things stand on the charts of the page: bars, points and ticks, drawn by the template.

Horizontal positions are SVG lengths in percent, vertical ones CSS pixels from the top of a panel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from norm_aware.diagnosis.plots import Plots
from norm_aware.numeric.axis import Axis, nice_step

HEIGHT = 120.0
"""Height of a panel's plot, in pixels."""

_START, _END = 10.0, 99.0  # percent of the width that the plot takes; tick labels stand before it


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that stands on the bottom of its panel.

    Attributes:
        x: left edge, as an SVG length.
        width: width, as an SVG length.
        height: in pixels.
        says: what it stands for, in words.
    """

    x: str
    width: str
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot of a chart.

    Attributes:
        name: what it shows; empty where the chart's title says it.
        bars: its bars.
        points: (x as an SVG length, y in pixels from the top).
        levels: marked values of the vertical scale, as (label, y in pixels from the top).
        mark: a value marked across the panel, as (x as an SVG length, whether in the right part, label).
    """

    name: str
    bars: tuple[Bar, ...]
    points: tuple[tuple[str, float], ...]
    levels: tuple[tuple[str, float], ...]
    mark: tuple[str, bool, str] | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels over one horizontal scale.

    Attributes:
        name: a word for it, such as `norms`.
        title: what it shows.
        caption: how to read it.
        scale: what the horizontal scale measures.
        ticks: marked values of the horizontal scale, as (label, x as an SVG length).
        panels: from top to bottom.
    """

    name: str
    title: str
    caption: str
    scale: str
    ticks: tuple[tuple[str, str], ...]
    panels: tuple[Panel, ...]


def make_charts(plots: Plots) -> tuple[Chart, ...]:
    """Every chart that there are numbers for, in reading order."""
    charts = [_norms(plots)]
    if plots.points:
        charts.append(_lengths(plots.points))
    charts.append(_finds(plots.finds))
    if plots.spectrum:
        charts.append(_spectrum(plots.spectrum))
    return tuple(charts)


def decade_marks(points: Sequence[tuple[float, float]]) -> list[float]:
    """Round text lengths to mark on a logarithmic scale: 1, 2 and 5 times powers of ten, or those alone."""
    low, high = (end(max(length, 1.0) for length, _ in points) for end in (min, max))
    powers = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    factors = (1, 2, 5) if high / low < 300 else (1,)
    return [factor * power for power in powers for factor in factors if low <= factor * power <= high]


def _norms(plots: Plots) -> Chart:
    edges = plots.edges
    axis = Axis(edges[0], edges[-1], nice_step(edges[-1] - edges[0], 6), _START, _END)
    groups = [("Relevant documents", plots.relevant, plots.mean_relevant)] if any(plots.relevant) else []
    groups.append(("Other documents" if groups else "Documents", plots.other, plots.mean_other))
    tallest = max((count / sum(counts) for _, counts, _ in groups if any(counts) for count in counts))
    panels = []
    for name, counts, mean in groups:
        total = max(1, sum(counts))
        bars = tuple(
            _bar(axis, low, high, count / total / tallest, f"norm {low:.3g} to {high:.3g}: {count} documents")
            for low, high, count in zip(edges, edges[1:], counts, strict=False)
            if count
        )
        mark = None if mean is None else (axis.at(mean), axis.percent(mean) > 60, f"mean {mean:.3g}")
        panels.append(Panel(f"{name} ({sum(counts):,})", bars, (), _shares(tallest), mark))
    caption = "Each bar is a share of its own group, so that few documents and many compare."
    return Chart("norms", "Norms", caption, "norm of the raw embedding", _ticks(axis), tuple(panels))


def _lengths(points: Sequence[tuple[float, float]]) -> Chart:
    logs = [math.log10(max(length, 1.0)) for length, _ in points]
    low, high = min(logs), max(logs)
    air = max(0.04 * (high - low), 0.02)
    across = Axis(low - air, high + air, 1.0, _START, _END)
    norms = [norm for _, norm in points]
    bottom, top = min(norms), max(norms)
    air = max(0.06 * (top - bottom), 0.01 * top, 1e-6)
    up = Axis(bottom - air, top + air, nice_step(top - bottom + 2 * air, 4), HEIGHT * 2, 0.0)
    return Chart(
        "lengths",
        "Norm and text length",
        f"A sample of {len(points):,} documents. A slope is a warning: the norm may be no more than length.",
        "text length (logarithmic)",
        tuple((f"{mark:,g}", across.at(math.log10(mark))) for mark in decade_marks(points)),
        (
            Panel(
                "",
                (),
                tuple((across.at(log), up.percent(norm)) for log, norm in zip(logs, norms, strict=True)),
                tuple((up.label(tick), up.percent(tick)) for tick in up.ticks),
                None,
            ),
        ),
    )


def _finds(finds: Sequence[tuple[int, int, int]]) -> Chart:
    axis = Axis(0.0, float(len(finds)), 1.0, _START, _END)
    total = sum(documents for _, _, documents in finds)
    tallest = max(documents for _, _, documents in finds) / total
    bars = tuple(
        _bar(
            axis,
            place + 0.12,
            place + 0.88,
            documents / total / tallest,
            f"{documents} documents are found {first if first == last else f'{first} to {last}'} times",
        )
        for place, (first, last, documents) in enumerate(finds)
    )
    ticks = tuple(
        (f"{first}{'+' * (first < last)}", axis.at(place + 0.5))
        for place, (first, last, _) in enumerate(finds)
    )
    return Chart(
        "finds",
        "How often a document is found",
        "Documents on the left are found by nothing; the few on the right are hubs, found by everything.",
        "top tens a document is in",
        ticks,
        (Panel("", bars, (), _shares(tallest), None),),
    )


def _spectrum(spectrum: Sequence[float]) -> Chart:
    axis = Axis(0.5, len(spectrum) + 0.5, max(1.0, nice_step(len(spectrum), 6)), _START, _END)
    bars = tuple(
        _bar(axis, place - 0.4, place + 0.4, share / spectrum[0], f"component {place}: {share:.1%}")
        for place, share in enumerate(spectrum, start=1)
    )
    return Chart(
        "spectrum",
        "Principal components",
        "Share of the variance of directions along each; the steeper, the fewer directions count.",
        "principal component",
        _ticks(axis),
        (Panel("", bars, (), _shares(spectrum[0]), None),),
    )


def _bar(axis: Axis, low: float, high: float, height: float, says: str) -> Bar:
    return Bar(axis.at(low), f"{axis.percent(high) - axis.percent(low):.2f}%", HEIGHT * height, says)


def _shares(tallest: float) -> tuple[tuple[str, float], ...]:
    scale = Axis(0.0, tallest, nice_step(tallest, 4), HEIGHT, 0.0)
    return tuple((f"{100 * tick:.3g}%", scale.percent(tick)) for tick in scale.ticks)


def _ticks(axis: Axis) -> tuple[tuple[str, str], ...]:
    return tuple((axis.label(tick), axis.at(tick)) for tick in axis.ticks)

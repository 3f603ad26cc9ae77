"""Where things stand on an ablation's plots: the course of training as lines, differences as marks.

Horizontal positions of text are percentages of a plot's width and vertical ones CSS pixels; a line's points
are on a square of 100 by 100, stretched over the plot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from norm_aware.numerals import is_known, number
from norm_aware.numeric.axis import Axis, nice_step

_Series: TypeAlias = tuple[str, int, str, str, list[tuple[float, float]]]
# (arm, its place, seed, key, (step, value) of every entry that has one)

HEIGHT = 160.0
"""Height of a plot of lines, in pixels."""

START, END = 11.0, 99.0
"""Where the lines of a plot begin and end, in percent of its width; labels stand before them."""

_MEANINGS = {
    "query_power": "query's power",
    "document_power": "document's power",
    "scale": "scale",
    "gamma": "gamma",
    "loss": "loss",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One number of one run, step by step.

    Attributes:
        arm: whose it is.
        place: of the arm among all arms, which decides the colour.
        dashed: whether it is drawn dashed, as a query's power is.
        points: "x,y x,y ..." of a polyline.
        says: what it is, in words.
    """

    arm: str
    place: int
    dashed: bool
    points: str
    says: str


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Lines over the steps of training.

    Attributes:
        name: a word for it.
        title: what it shows.
        caption: how to read it.
        ticks: marked steps, as (label, x as an SVG length).
        levels: marked values, as (label, y in pixels from the top).
        lines: arm by arm, seed by seed.
        legend: (arm, its place) of the arms that are drawn.
    """

    name: str
    title: str
    caption: str
    ticks: tuple[tuple[str, str], ...]
    levels: tuple[tuple[str, float], ...]
    lines: tuple[Line, ...]
    legend: tuple[tuple[str, int], ...]


def trajectories(arms: Mapping[str, Mapping[str, Any]]) -> tuple[list[LinePlot], list[str]]:
    """The course of powers, scale, gamma and loss, of every seed, and sentences on what did not move.

    Args:
        arms: of an ablation's results.

    Returns:
        Plots of powers, scale and gamma where an arm changes them, and of the loss; and a sentence for what
        no arm changed.
    """
    plots, still = [], []
    for name, keys, title, caption, quiet in (
        (
            "powers",
            ("query_power", "document_power"),
            "Powers",
            "The document's power is a full line, the query's a dashed one, each seed its own. Only arms "
            "that change one are drawn.",
            "No arm changed its powers while it was trained.",
        ),
        ("scale", ("scale",), "Scale", "1 / temperature, each seed its own line.", ""),
        ("gamma", ("gamma",), "Gamma", "Exponent of the anti-hubness norm, each seed its own line.", ""),
        ("loss", ("loss",), "Loss", "Training loss, each seed its own line.", ""),
    ):
        lines = _series(arms, keys, moving=name != "loss")
        if lines:
            plots.append(_plot(name, title, caption, lines))
        elif quiet:
            still.append(quiet)
        elif name == "scale" and (scales := _scales(arms)):
            still.append(f"The scale stayed where it was in every arm: {', '.join(scales)}.")
    return plots, still


def _series(arms: Mapping[str, Mapping[str, Any]], keys: Sequence[str], *, moving: bool) -> list[_Series]:
    found = []
    for place, (arm, about) in enumerate(arms.items()):
        series = [
            (arm, place, seed, key, points)
            for seed, run in about["runs"].items()
            for key in keys
            if len(points := _points(run["trajectory"], key)) > 1
        ]
        if not moving or any(max(v) - min(v) > 1e-9 for *_, p in series if (v := [y for _, y in p])):
            found += series
    return found


def _points(trajectory: Iterable[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(float(row["step"]), float(row[key])) for row in trajectory if is_known(row.get(key))]


def _scales(arms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    values = {
        f"{value:g}"
        for about in arms.values()
        for run in about["runs"].values()
        for _, value in _points(run["trajectory"], "scale")
    }
    return sorted(values, key=float)


def _plot(name: str, title: str, caption: str, lines: Sequence[_Series]) -> LinePlot:
    steps = [step for *_, points in lines for step, _ in points]
    values = [value for *_, points in lines for _, value in points]
    first, last = min(steps), max(steps)
    across = Axis(first, max(last, first + 1), max(1.0, nice_step(max(last - first, 1), 6)), START, END)
    low, high = (0.0, 1.0) if name == "powers" else (min(values), max(values))
    low, high = min(low, *values), max(high, *values)
    air = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    up = Axis(low - air, high + air, nice_step(high - low + 2 * air, 4), 100.0, 0.0)
    square = Axis(across.low, across.high, across.step)
    return LinePlot(
        name,
        title,
        caption,
        tuple((f"{tick:,.0f}", across.at(tick)) for tick in across.ticks),
        tuple((up.label(tick), HEIGHT * up.percent(tick) / 100) for tick in up.ticks),
        tuple(
            Line(
                arm,
                place,
                key == "query_power",
                " ".join(f"{square.percent(x):.2f},{up.percent(y):.2f}" for x, y in points),
                f"{arm}, seed {seed}: {_MEANINGS[key]} from {number(points[0][1])} "
                f"to {number(points[-1][1])}",
            )
            for arm, place, seed, key, points in lines
        ),
        tuple(dict.fromkeys((arm, place) for arm, place, *_ in lines)),
    )


def difference_axis(comparisons: Iterable[Mapping[str, Any]]) -> Axis:
    """A scale that holds 0 and every interval, with a little air around.

    Args:
        comparisons: rows of an ablation's comparisons.
    """
    ends = [float(row[key]) for row in comparisons for key in ("low", "high")]
    low, high = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    air = max(0.06 * (high - low), 0.002)
    return Axis(low - air, high + air, nice_step(high - low + 2 * air, 4), 2.0, 98.0)

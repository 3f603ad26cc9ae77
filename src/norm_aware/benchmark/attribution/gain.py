"""Whether better documents made better answers: retrieval gain against answer gain, question by question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.attribution.differences import FEWEST, Resampling
from norm_aware.numeric.resampling import group_sums, resampled_means

_SIGNS = {1: "better", 0: "same", -1: "worse"}


@dataclass(frozen=True, slots=True)
class Gain:
    """Two gains of a candidate over the baseline, per question.

    Attributes:
        points: `(query_id, retrieval gain, answer gain)` of each question that has both.
        correlation: Pearson's; None where a gain does not vary.
        low: lower end of its 95% bootstrap interval over questions; None where it cannot be made.
        high: its upper end.
        quadrants: `{documents: {answer: questions}}`, each side being better, same or worse.
    """

    points: tuple[tuple[str, float, float], ...]
    correlation: float | None
    low: float | None
    high: float | None
    quadrants: Mapping[str, Mapping[str, int]]

    def as_row(self) -> dict[str, Any]:
        """The gains as results.json holds them."""
        names = ("query_id", "retrieval", "answer")
        return {
            "points": [dict(zip(names, point, strict=True)) for point in self.points],
            "correlation": self.correlation,
            "low": self.low,
            "high": self.high,
            "quadrants": {documents: dict(counts) for documents, counts in self.quadrants.items()},
        }


def gain(retrieval: Mapping[str, float], answer: Mapping[str, float], *, resampling: Resampling) -> Gain:
    """Set the gain in one measure against that in another; more must be better in both.

    Questions whose documents and answer stayed the same are points at the origin: they count, and their
    number is in the quadrants.

    Args:
        retrieval: differences of a retrieval measure, by question.
        answer: differences of an answer measure, by question.
        resampling: how the interval is made.
    """
    questions = sorted(retrieval.keys() & answer.keys())
    x = np.array([retrieval[q] for q in questions], dtype=np.float64)
    y = np.array([answer[q] for q in questions], dtype=np.float64)
    quadrants = {d: dict.fromkeys(_SIGNS.values(), 0) for d in _SIGNS.values()}
    for of_documents, of_answer in zip(np.sign(x), np.sign(y), strict=True):
        quadrants[_SIGNS[int(of_documents)]][_SIGNS[int(of_answer)]] += 1
    low, high = _interval(x, y, questions, resampling)
    return Gain(
        points=tuple((q, float(a), float(b)) for q, a, b in zip(questions, x, y, strict=True)),
        correlation=_correlation(x, y),
        low=low,
        high=high,
        quadrants=quadrants,
    )


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    if len(x) < 2 or not np.ptp(x) or not np.ptp(y):
        return None
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def _interval(
    x: NDArray[np.float64], y: NDArray[np.float64], questions: list[str], resampling: Resampling
) -> tuple[float | None, float | None]:
    if _correlation(x, y) is None:
        return None, None
    cluster = resampling.groups(questions)
    if cluster.max() + 1 < FEWEST:
        return None, None
    sums, sizes = group_sums(np.column_stack([x, y, x * x, y * y, x * y]), cluster)
    means = resampled_means(sums, sizes, resamples=resampling.draws, seed=resampling.seed)
    mx, my, mxx, myy, mxy = means.T
    spread = np.maximum(mxx - mx**2, 0) * np.maximum(myy - my**2, 0)
    varied = spread > 1e-18  # a draw of questions that are all alike has no correlation
    if varied.mean() < 0.95:
        return None, None
    r = np.clip((mxy - mx * my)[varied] / np.sqrt(spread[varied]), -1, 1)
    low, high = np.quantile(r, [0.025, 0.975])
    return float(low), float(high)

"""The learning curve: what calibration would have gained from fewer judged queries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.candidates import BASELINE, Candidates
from norm_aware.calibration.evidence import CurvePoint
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.calibration.selection import CAUTION

SIZES = (10, 25, 50, 100, 200, 400, 800)
"""Numbers of judged queries that are tried, as far as there are so many."""

_REPEATS = 4


def learning_curve(
    measurer: Measurer, candidates: Candidates, folds: NDArray[np.intp], *, seed: int = 0
) -> tuple[CurvePoint, ...]:
    """Held-out gain over cosine by number of judged queries, the mean of four draws.

    This is the choice alone, without the guard that keeps cosine: it shows from where on that has something
    to keep. Each draw takes its queries from all folds but one, fits on half of them, chooses on the other
    half, fits the choice on all of them, and is scored on the fold left out.

    Args:
        measurer: of the corpus and the queries.
        candidates: what is chosen from.
        folds: of each query.
        seed: of the draws.

    Returns:
        A point for each size; `low` and `high` are the least and the most of the draws.
    """
    generator = np.random.default_rng(seed)
    points = []
    for size in SIZES:
        gains = []
        for repeat in range(_REPEATS):
            left_out = repeat % (int(folds.max()) + 1)
            pool = np.flatnonzero(folds != left_out)
            if len(pool) < size:
                break
            drawn = generator.choice(pool, size, replace=False)
            half = size // 2
            values = measurer.measure(candidates, [Split(drawn[:half], drawn[half:])])[:, drawn[half:]]
            differences = values - values[candidates.index(BASELINE)]
            bounds = differences.mean(axis=1) - CAUTION * differences.std(axis=1, ddof=1) / np.sqrt(
                size - half
            )
            choice = candidates[int(bounds.argmax())]
            test = np.flatnonzero(folds == left_out)
            scored = measurer.measure([choice, BASELINE], [Split(drawn, test)])[:, test]
            gains.append(float((scored[0] - scored[1]).mean()))
        if len(gains) == _REPEATS:
            points.append(CurvePoint(size, float(np.mean(gains)), min(gains), max(gains)))
    return tuple(points)

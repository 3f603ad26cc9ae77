"""A mean difference when both the queries and the trained models are a sample: two sources of error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.student_t import t_cdf, t_quantile


@dataclass(frozen=True, slots=True)
class TwoLevel:
    """A mean difference with the error of drawing queries and of drawing seeds.

    Attributes:
        difference: mean over sets of the mean over queries and seeds.
        low: lower end of the interval.
        high: upper end.
        p: two-sided; below 1 - level just where the interval leaves 0 out.
        query_error: standard error from the queries, within each set.
        seed_error: standard error from the seeds; 0 where there is one.
        freedom: effective degrees of freedom; infinite where nothing varies.
        seed_p: two-sided p of the paired t test across seeds alone, the queries taken as given; None for one
            seed or seeds that all agree.
    """

    difference: float
    low: float
    high: float
    p: float
    query_error: float
    seed_error: float
    freedom: float
    seed_p: float | None


def two_level(differences: Sequence[ArrayLike], *, level: float = 0.95) -> TwoLevel:
    """Interval and test of a mean difference over crossed queries and seeds, every set weighing the same.

    Null hypothesis: over queries like those of each set, and over trainings from seeds like these, the
    mean difference is 0. The sets are given: nothing is said of other corpora.

    Every seed's model meets every query, so the squared standard error is the sum of two: the variance over
    queries of the differences averaged over seeds, and the variance over seeds of the differences averaged
    over queries and sets, each over its number. That is what drawing both with replacement (the pigeonhole
    bootstrap, Owen 2007, doi:10.1214/07-AOAS122) comes to in the limit, without the part that it loses where
    there are few to draw from: of three seeds, a third of their variance. Noise that belongs to one query
    and one seed counts in both, which errs to the side of caution. Student's t has the degrees of freedom of
    Welch and Satterthwaite (1946, doi:10.2307/3002019), which a seed error that is small beside the query
    error costs little, and a large one makes as few as there are seeds less one.

    Args:
        differences: per set, shape (seeds, queries); the same seeds in the same order, two queries at
            least.
        level: coverage aimed at.

    Raises:
        ValueError: when there is no set, a shape does not fit, or a number is not finite.

    Example:
        >>> found = two_level([[[0.1, 0.3, 0.2, 0.4], [0.2, 0.3, 0.3, 0.4], [0.1, 0.2, 0.2, 0.3]]])
        >>> round(found.difference, 3), round(found.query_error, 3), round(found.seed_error, 3)
        (0.25, 0.048, 0.029)
    """
    sets = [np.asarray(part, dtype=np.float64) for part in differences]
    _require(sets)
    count, seeds = len(sets), len(sets[0])
    from_queries = np.array([part.mean(axis=0).var(ddof=1) / part.shape[1] for part in sets]) / count**2
    of_seeds = np.mean([part.mean(axis=1) for part in sets], axis=0)
    from_seeds = float(of_seeds.var(ddof=1)) / seeds if seeds > 1 else 0.0
    variance = float(from_queries.sum()) + from_seeds
    difference = float(of_seeds.mean())
    rest = float(sum(part**2 / (each.shape[1] - 1) for part, each in zip(from_queries, sets, strict=True)))
    rest += from_seeds**2 / (seeds - 1) if seeds > 1 else 0.0
    error, freedom = math.sqrt(variance), variance**2 / rest if rest > 0 else math.inf
    half = t_quantile((1 + level) / 2, freedom) * error if error > 0 else 0.0
    return TwoLevel(
        difference,
        difference - half,
        difference + half,
        two_sided_t(difference, error, freedom),
        math.sqrt(float(from_queries.sum())),
        math.sqrt(from_seeds),
        freedom,
        two_sided_t(difference, math.sqrt(from_seeds), seeds - 1) if from_seeds > 0 else None,
    )


def two_sided_t(difference: float, error: float, freedom: float) -> float:
    """Chance under Student's t of a difference at least this far from 0, on either side.

    Args:
        difference: what was observed.
        error: its standard error; where it is 0 the p is 1 for no difference and 0 for any other.
        freedom: degrees of freedom, at least 1 where there is an error.
    """
    if error <= 0:
        return float(difference == 0)
    return min(1.0, max(0.0, 2 * t_cdf(-abs(difference) / error, freedom)))


def _require(sets: Sequence[NDArray[np.float64]]) -> None:
    shapes = [part.shape for part in sets]
    fits = all(len(shape) == 2 and shape[0] > 0 and shape[1] > 1 for shape in shapes)
    if not shapes or not fits or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"Differences of shapes {shapes} given; (seeds, queries) for each set is needed, the same seeds "
            "and two queries at least."
        )
    if not all(np.isfinite(part).all() for part in sets):
        raise ValueError("A difference is NaN or infinite; one finite number per seed and query is needed.")

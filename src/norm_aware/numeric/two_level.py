"""A mean difference when both the queries and the trained models are a sample: two sources of error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.numeric.bisection import rising_root
from norm_aware.numeric.student_t import t_cdf, t_quantile

_ROUNDING = 1e-9  # share of the variance below which a part is none: seeds that made one and the same model


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
        seed_p: two-sided p of the paired t test across seeds alone, the queries taken as given; None for one
            seed or seeds that all agree.
    """

    difference: float
    low: float
    high: float
    p: float
    query_error: float
    seed_error: float
    seed_p: float | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A variance and the degrees of freedom that it was estimated with."""

    variance: float
    freedom: float


def two_level(differences: Sequence[ArrayLike], *, level: float = 0.95) -> TwoLevel:
    """Interval and test of a mean difference over crossed queries and seeds, every set weighing the same.

    Null hypothesis: over queries like those of each set, and over trainings from seeds like these, the
    mean difference is 0. The sets are given: nothing is said of other corpora.

    Every seed's model meets every query, so the squared standard error is the sum of two: the variance over
    queries of the differences averaged over seeds, and the variance over seeds of the differences averaged
    over queries and sets, each over its number. That is what drawing both with replacement (the pigeonhole
    bootstrap, Owen 2007, doi:10.1214/07-AOAS122) comes to in the limit, without the part that it loses where
    there are few to draw from: of three seeds, a third of their variance. Noise that belongs to one query
    and one seed counts in both, which errs to the side of caution.

    The limit that the difference over its error must pass is the mean of Student's two limits, for the
    queries' degrees of freedom and for the seeds', each weighing by its variance (Cochran & Cox 1957,
    "Experimental Designs", section 4.14). Three seeds sometimes agree by luck; effective degrees of freedom
    (Satterthwaite 1946) would then take them at their word, and err the more often the smaller the p that is
    asked for. Seeds that hardly differ cost little here, seeds that differ much leave as many degrees of
    freedom as there are seeds less one.

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
    queries, seeds = _of_queries(sets), len(sets[0])
    of_seeds = np.mean([part.mean(axis=1) for part in sets], axis=0)
    spread = _Part(float(of_seeds.var(ddof=1)) / seeds if seeds > 1 else 0.0, max(1, seeds - 1))
    total = queries.variance + spread.variance
    queries, spread = (
        _Part(part.variance if part.variance > _ROUNDING * total else 0.0, part.freedom)
        for part in (queries, spread)
    )
    difference, error = float(of_seeds.mean()), math.sqrt(total)
    half = _limit((1 + level) / 2, (queries, spread)) * error if error > 0 else 0.0
    return TwoLevel(
        difference,
        difference - half,
        difference + half,
        _two_sided(difference, error, (queries, spread)),
        math.sqrt(queries.variance),
        math.sqrt(spread.variance),
        _two_sided(difference, math.sqrt(spread.variance), (spread,)) if spread.variance > 0 else None,
    )


def _of_queries(sets: Sequence[NDArray[np.float64]]) -> _Part:
    """The variance from the queries, with the degrees of freedom of a sum over sets (Satterthwaite)."""
    parts = [
        _Part(float(part.mean(axis=0).var(ddof=1)) / part.shape[1] / len(sets) ** 2, part.shape[1] - 1)
        for part in sets
    ]
    variance = sum(part.variance for part in parts)
    rest = sum(part.variance**2 / part.freedom for part in parts)
    return _Part(variance, variance**2 / rest if rest > 0 else parts[0].freedom)


def _limit(probability: float, parts: Sequence[_Part]) -> float:
    total = sum(part.variance for part in parts)
    known = [part for part in parts if part.variance > 0]
    return sum(part.variance / total * t_quantile(probability, part.freedom) for part in known)


def _two_sided(difference: float, error: float, parts: Sequence[_Part]) -> float:
    """The p at which the limit is the difference over its error."""
    if error <= 0:
        return float(difference == 0)
    observed = abs(difference) / error
    known = [part for part in parts if part.variance > 0]
    if len(known) == 1:
        return min(1.0, 2 * t_cdf(-observed, known[0].freedom))
    (first, second), share = known, known[0].variance / (known[0].variance + known[1].variance)

    def gap(at: float) -> float:
        """How much likelier `at` is passed by one than what is left for the other, by the other."""
        other = (observed - share * at) / (1 - share)
        return t_cdf(-other, second.freedom) - t_cdf(-at, first.freedom)

    at = rising_root(gap, 0.0, observed / share)
    return min(1.0, 2 * t_cdf(-at, first.freedom))


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

"""Candidates against the baseline, paired per query."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.comparison.comparison import Comparison, WorstCase
from norm_aware.benchmark.comparison.options import ComparisonOptions, Correction
from norm_aware.benchmark.comparison.pairs import Pairs, Values, paired
from norm_aware.benchmark.comparison.scale import Scale, default_scale
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.bca import Interval
from norm_aware.numeric.effect_size import paired_effect_size
from norm_aware.numeric.equivalence import Equivalence, equivalence
from norm_aware.numeric.mean_interval import mean_intervals
from norm_aware.numeric.power import minimum_detectable, needed_questions
from norm_aware.numeric.significance import benjamini_hochberg, holm, permutation_ps
from norm_aware.numeric.superiority import superiority


def compare(
    values: Values,
    *,
    baseline: str,
    measures: Sequence[str],
    clusters: Mapping[str, int] | None = None,
    scales: Mapping[str, Scale] | None = None,
    options: ComparisonOptions | None = None,
) -> list[Comparison]:
    """Compare every other system with the baseline on every measure.

    Args:
        values: per-query values of all systems, over the same queries.
        baseline: name of the baseline among them.
        measures: in the order they are reported.
        clusters: of each query (`question_clusters`); None takes queries as independent.
        scales: of the measures; one that is not among them has its `default_scale`.
        options: margin, correction and resampling.

    Returns:
        A comparison for each candidate and measure, candidates in the order of `values`.

    Raises:
        BenchmarkError: when the baseline is not among the systems, or a query has no cluster.
    """
    options = options or ComparisonOptions()
    if baseline not in values:
        raise BenchmarkError(f"The baseline {baseline!r} is not among the systems ({', '.join(values)}).")
    questions = sorted({q for system in values.values() for m in measures for q in system.get(m, {})})
    groups = _groups(questions, clusters)
    pairs = [
        paired(
            values,
            questions,
            baseline=baseline,
            candidate=candidate,
            measure=measure,
            scale=(scales or {}).get(measure, default_scale(measure)),
        )
        for candidate in values
        if candidate != baseline
        for measure in measures
    ]
    complete = _means([pair.differences for pair in pairs], groups, options)
    worst = _means([pair.worst for pair in pairs], groups, options)
    found = [
        _comparison(pair, mean, bad, baseline=baseline, groups=groups, options=options)
        for pair, mean, bad in zip(pairs, complete, worst, strict=True)
    ]
    return adjusted(found, options.correction)


def adjusted(
    comparisons: Sequence[Comparison], correction: Correction, *, outside: Collection[str] = ()
) -> list[Comparison]:
    """The comparisons with their p values adjusted over all that a claim may be made of.

    Args:
        comparisons: of one claim or of many.
        correction: "holm" or "fdr".
        outside: measures of which no claim is made, such as those of a judge that guesses; they cost the
            others no power, and have no adjusted p.
    """
    family = [c.p for c in comparisons if c.p is not None and c.measure not in outside]
    found = iter((holm if correction == "holm" else benjamini_hochberg)(family).tolist())
    return [
        replace(c, p_adjusted=None if c.p is None or c.measure in outside else next(found))
        for c in comparisons
    ]


def mean_values(values: Values, *, measures: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """`{system: {measure: mean}}` over the queries that have a value; None where none has."""
    means: dict[str, dict[str, float | None]] = {}
    for system, of_system in values.items():
        known = {m: [v for v in of_system.get(m, {}).values() if v is not None] for m in measures}
        means[system] = {m: float(np.mean(found)) if found else None for m, found in known.items()}
    return means


def as_row(comparison: Comparison) -> dict[str, Any]:
    """The comparison as results.json holds it."""
    return asdict(comparison)


@dataclass(frozen=True, slots=True)
class _Mean:
    difference: float
    interval: Interval
    p: float


def _means(
    columns: Sequence[NDArray[np.float64]], groups: NDArray[np.int64] | None, options: ComparisonOptions
) -> list[_Mean | None]:
    """Mean, interval and p of each column over its numbers; None for a column without any."""
    found: list[_Mean | None] = [None] * len(columns)
    known: dict[bytes, list[int]] = {}  # columns that have numbers on the same questions share the draws
    for at, column in enumerate(columns):
        if not np.isnan(column).all():
            known.setdefault(np.isnan(column).tobytes(), []).append(at)
    if not known:
        return found
    tested = sorted(at for together in known.values() for at in together)
    p = dict(
        zip(
            tested,
            permutation_ps(  # a difference of 0 leaves the test as if the question were not there
                np.nan_to_num(np.stack([columns[at] for at in tested], axis=1)),
                permutations=options.resamples,
                seed=options.seed,
                groups=groups,
            ),
            strict=True,
        )
    )
    for together in known.values():
        rows = ~np.isnan(columns[together[0]])
        matrix = np.stack([columns[at][rows] for at in together], axis=1)
        intervals = mean_intervals(
            matrix,
            resamples=options.resamples,
            seed=options.seed,
            groups=None if groups is None else groups[rows],
        )
        for at, mean, interval in zip(together, matrix.mean(axis=0), intervals, strict=True):
            found[at] = _Mean(float(mean), interval, float(p[at]))
    return found


def _comparison(
    pair: Pairs,
    mean: _Mean | None,
    worst: _Mean | None,
    *,
    baseline: str,
    groups: NDArray[np.int64] | None,
    options: ComparisonOptions,
) -> Comparison:
    rows = ~np.isnan(pair.differences)
    differences = pair.differences[rows]
    better = differences if pair.scale.higher_is_better else -differences
    of = None if groups is None else groups[rows]
    how_often = superiority(better, groups=of) if mean else None
    return Comparison(
        baseline=baseline,
        candidate=pair.candidate,
        measure=pair.measure,
        difference=mean.difference if mean else None,
        low=_finite(mean.interval.low) if mean else None,
        high=_finite(mean.interval.high) if mean else None,
        interval=mean.interval.method if mean else "none",
        interval_reason=mean.interval.reason if mean else "no question has both values",
        p=mean.p if mean else None,
        p_adjusted=None,
        correction=options.correction,
        effect_size=_finite(paired_effect_size(differences)) if len(differences) > 1 else None,
        superiority=how_often.probability if how_often else None,
        superiority_low=how_often.low if how_often else None,
        superiority_high=how_often.high if how_often else None,
        n=len(differences),
        clusters=None if of is None else len(np.unique(of)),
        missing_baseline=pair.missing_baseline,
        missing_candidate=pair.missing_candidate,
        wins=int((better > 0).sum()),
        losses=int((better < 0).sum()),
        ties=int((better == 0).sum()),
        higher_is_better=pair.scale.higher_is_better,
        worst_case=_worst_case(worst),
        minimum_detectable=minimum_detectable(differences, groups=of) if mean else None,
        needed=needed_questions(differences, groups=of) if mean else None,
        equivalence=_equivalence(better, pair.scale, of, options.margin) if mean else None,
    )


def _worst_case(worst: _Mean | None) -> WorstCase | None:
    if worst is None:
        return None
    return WorstCase(worst.difference, _finite(worst.interval.low), _finite(worst.interval.high), worst.p)


def _equivalence(
    better: NDArray[np.float64], scale: Scale, groups: NDArray[np.int64] | None, margin: float
) -> Equivalence | None:
    found = equivalence(better, margin=margin, groups=groups, span=scale.span)
    if found is None or scale.higher_is_better:
        return found
    return replace(found, low=-found.high, high=-found.low)  # in the measure's own direction


def _groups(questions: Sequence[str], clusters: Mapping[str, int] | None) -> NDArray[np.int64] | None:
    if clusters is None:
        return None
    if lacking := [question for question in questions if question not in clusters]:
        raise BenchmarkError(
            f"{len(lacking)} questions are in no cluster, {lacking[0]!r} among them; give each one."
        )
    return np.array([clusters[question] for question in questions], dtype=np.int64)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

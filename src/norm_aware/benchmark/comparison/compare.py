"""Candidates against the baseline, paired per query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from norm_aware.numeric.effect_size import paired_effect_size
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p

Values: TypeAlias = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""`{system: {measure: {query_id: value}}}`; None where the call failed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one candidate against the baseline, over the queries both have a value for.

    Attributes:
        baseline: name of the baseline.
        candidate: name of the candidate.
        measure: what is compared.
        difference: mean of candidate minus baseline; None where no query has both values, like the next four.
        low: lower end of the 95% bootstrap interval of the difference.
        high: its upper end.
        p: paired permutation test; null hypothesis: per query the two scores are exchangeable.
        p_adjusted: p adjusted over all comparisons of the run.
        effect_size: mean over standard deviation of the differences (d_z); None below 2 queries, or where
            all differences are the same and not 0.
        n: queries compared.
        missing_baseline: queries with a value of the candidate only, or of neither.
        missing_candidate: queries with a value of the baseline only, or of neither.
        wins: queries the candidate scores higher on.
        losses: queries it scores lower on.
        ties: queries with equal scores.
    """

    baseline: str
    candidate: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    effect_size: float | None
    n: int
    missing_baseline: int
    missing_candidate: int
    wins: int
    losses: int
    ties: int


def compare(values: Values, *, baseline: str, measures: Sequence[str], seed: int = 0) -> list[Comparison]:
    """Compare every other system with the baseline on every measure.

    Args:
        values: per-query values of all systems, over the same queries.
        baseline: name of the baseline among them.
        measures: in the order they are reported.
        seed: of the resampling.

    Returns:
        A comparison for each candidate and measure, candidates in the order of `values`.
    """
    raw = [
        _paired(values, baseline, candidate, measure, seed)
        for candidate in values
        if candidate != baseline
        for measure in measures
    ]
    tested = [i for i, row in enumerate(raw) if row["p"] is not None]
    for i, adjusted in zip(tested, holm([raw[i]["p"] for i in tested]), strict=True):
        raw[i]["p_adjusted"] = float(adjusted)
    return [Comparison(**row) for row in raw]


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


def _paired(values: Values, baseline: str, candidate: str, measure: str, seed: int) -> dict[str, Any]:
    theirs = values[baseline].get(measure, {})
    ours = values[candidate].get(measure, {})
    queries = sorted({*theirs, *ours})
    pairs = [(ours.get(query), theirs.get(query)) for query in queries]
    differences = np.array([a - b for a, b in pairs if a is not None and b is not None], dtype=np.float64)
    row: dict[str, Any] = {
        "baseline": baseline,
        "candidate": candidate,
        "measure": measure,
        **dict.fromkeys(("difference", "low", "high", "p", "p_adjusted", "effect_size")),
        "n": len(differences),
        "missing_baseline": sum(b is None for _, b in pairs),
        "missing_candidate": sum(a is None for a, _ in pairs),
        "wins": int((differences > 0).sum()),
        "losses": int((differences < 0).sum()),
        "ties": int((differences == 0).sum()),
    }
    if len(differences):
        low, high = bootstrap_interval(differences, seed=seed)
        row |= {"difference": float(differences.mean()), "low": low, "high": high}
        row["p"] = permutation_p(differences, seed=seed)
    if len(differences) > 1 and np.isfinite(effect := paired_effect_size(differences)):
        row["effect_size"] = effect
    return row

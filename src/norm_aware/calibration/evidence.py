"""What was measured to choose a calibration: the part of it that a sceptic reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.effect_size import paired_effect_size
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p

CALIBRATED = "calibrated"
UNGUARDED = "calibrated, without the guard"
WITHOUT_NORM = "calibrated, without the norm"
LENGTH_FOR_NORM = "calibrated, length for the norm"
SHUFFLED_FOR_NORM = "calibrated, shuffled for the norm"
WHITENING = "whitening alone"
LENGTH = "length alone"
AS_TRAINED = "as trained"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of choosing, on queries that its choice did not see, beside cosine.

    Attributes:
        name: of the arm.
        chosen: what it chose, with each fold left out; one text where all agree.
        mean: nDCG@10.
        difference: mean of the arm minus cosine, query by query.
        low: lower end of the 95% bootstrap interval of the difference, groups of queries drawn as wholes.
        high: its upper end.
        p: paired permutation test; null hypothesis: per group of queries the two are exchangeable.
        p_holm: p adjusted by Holm over the arms.
        effect_size: mean over standard deviation of the differences (d_z); None where they are all alike.
    """

    name: str
    chosen: str
    mean: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    effect_size: float | None


@dataclass(frozen=True, slots=True)
class Contrast:
    """One arm against another, on the same held-out queries; fields as an `Arm` has them."""

    arm: str
    over: str
    difference: float
    low: float
    high: float
    p: float


def make_arms(
    chosen: Mapping[str, str],
    values: Mapping[str, NDArray[np.float64]],
    *,
    groups: NDArray[np.intp],
    seed: int,
) -> tuple[Arm, ...]:
    """Arms from their per-query values; the first is the baseline.

    Args:
        chosen: what each arm chose, in words.
        values: nDCG@10 of every query by arm, shape (queries,) each.
        groups: of each query.
        seed: of the resampling.
    """
    baseline = next(iter(values.values()))
    drawn = [_difference(of_arm - baseline, groups, seed) for of_arm in values.values()]
    adjusted = holm([p for *_, p in drawn])
    return tuple(
        Arm(
            name,
            chosen[name],
            float(of_arm.mean()),
            *difference,
            p_holm=float(p_holm),
            effect_size=_effect_size(of_arm - baseline),
        )
        for (name, of_arm), difference, p_holm in zip(values.items(), drawn, adjusted, strict=True)
    )


def make_contrasts(
    values: Mapping[str, NDArray[np.float64]], *, groups: NDArray[np.intp], seed: int
) -> tuple[Contrast, ...]:
    """What a calibration gains over simpler arms, and over itself with its norm replaced."""
    pairs = [
        *((CALIBRATED, other) for other in (WHITENING, LENGTH)),
        *((UNGUARDED, other) for other in (WITHOUT_NORM, LENGTH_FOR_NORM, SHUFFLED_FOR_NORM)),
    ]
    return tuple(
        Contrast(arm, over, *_difference(values[arm] - values[over], groups, seed))
        for arm, over in pairs
        if arm in values and over in values
    )


def _difference(
    differences: NDArray[np.float64], groups: NDArray[np.intp], seed: int
) -> tuple[float, float, float, float]:
    low, high = bootstrap_interval(differences, seed=seed, groups=groups)
    return float(differences.mean()), low, high, permutation_p(differences, seed=seed, groups=groups)


def _effect_size(differences: NDArray[np.float64]) -> float | None:
    size = paired_effect_size(differences)
    return size if np.isfinite(size) else None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Held-out gain of calibrating on fewer queries: mean over repeats, and how far they spread."""

    queries: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a calibration is what it is.

    Attributes:
        choice: what was chosen, in words.
        decision: one sentence: what was decided and on what ground.
        arms: the baseline, calibration, and the controls, each on held-out queries.
        contrasts: calibration against simpler arms, and against itself with its norm replaced.
        notes: further sentences: the norm against text length, what few judgements cannot tell.
        curve: held-out gain by number of judged queries, where it was asked for.
        documents: how many there were.
        queries: how many judged queries there were.
        data: hash of corpus, queries and judgements.
        asked: names of these queries, so that nobody proves the calibration on them again.
        label_free: whether no judgement was used.
    """

    choice: str = ""
    decision: str = ""
    arms: tuple[Arm, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    notes: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    documents: int = 0
    queries: int = 0
    data: str = ""
    asked: tuple[str, ...] = ()
    label_free: bool = False

    def arm(self, name: str) -> Arm | None:
        """The arm of a name, None where it was not measured."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def contrast(self, over: str) -> Contrast | None:
        """What calibration is against another arm, None where it was not measured."""
        return next((contrast for contrast in self.contrasts if contrast.over == over), None)

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """What `to_dict` gave."""
        fields = dict(record)
        fields["arms"] = tuple(Arm(**arm) for arm in fields["arms"])
        fields["contrasts"] = tuple(Contrast(**contrast) for contrast in fields["contrasts"])
        fields["curve"] = tuple(CurvePoint(**point) for point in fields["curve"])
        fields |= {name: tuple(fields[name]) for name in ("notes", "asked")}
        return cls(**fields)

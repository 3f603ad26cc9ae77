"""What was measured to choose a calibration: the part of it that a sceptic reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.significance import bootstrap_interval, permutation_p


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of choosing, on queries that its choice did not see, beside cosine.

    Attributes:
        name: of the arm.
        chosen: what it chose, with each fold left out; one text where all agree.
        mean: nDCG@10.
        difference: mean of the arm minus cosine, query by query.
        low: lower end of the 95% bootstrap interval of the difference.
        high: its upper end.
        p: paired permutation test; null hypothesis: per query the two values are exchangeable.
    """

    name: str
    chosen: str
    mean: float
    difference: float
    low: float
    high: float
    p: float

    @classmethod
    def of(
        cls, name: str, chosen: str, values: NDArray[np.float64], baseline: NDArray[np.float64], *, seed: int
    ) -> Arm:
        """An arm from per-query values and the baseline's, shape (queries,) each."""
        differences = values - baseline
        low, high = bootstrap_interval(differences, seed=seed)
        return cls(
            name,
            chosen,
            float(values.mean()),
            float(differences.mean()),
            low,
            high,
            permutation_p(differences, seed=seed),
        )


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

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """What `to_dict` gave."""
        fields = dict(record)
        fields["arms"] = tuple(Arm(**arm) for arm in fields["arms"])
        fields["curve"] = tuple(CurvePoint(**point) for point in fields["curve"])
        fields |= {name: tuple(fields[name]) for name in ("notes", "asked")}
        return cls(**fields)

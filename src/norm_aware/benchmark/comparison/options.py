"""How systems are compared: margin, correction and resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from norm_aware.errors import BenchmarkError

Correction: TypeAlias = Literal["holm", "fdr"]


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """How systems are compared.

    Args:
        margin: the largest difference that does not matter, for the equivalence test.
        correction: "holm" bounds the chance of any false claim among all measures and candidates, "fdr"
            (Benjamini-Hochberg) the share of false ones among the claims.
        resamples: of the bootstrap, and random sign assignments of the permutation test.
        seed: of both.

    Raises:
        BenchmarkError: for a margin that is not above 0, an unknown correction or too few resamples.
    """

    margin: float = 0.01
    correction: Correction = "holm"
    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise BenchmarkError(f"The margin is {self.margin}; a number above 0 is needed, such as 0.01.")
        if self.correction not in ("holm", "fdr"):
            raise BenchmarkError(f"The correction is {self.correction!r}; 'holm' or 'fdr' is needed.")
        if self.resamples < 1000:
            raise BenchmarkError(
                f"{self.resamples} resamples say too little of a tail of 2.5%; 1,000 are needed."
            )

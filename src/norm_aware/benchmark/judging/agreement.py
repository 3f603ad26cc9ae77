"""How well verdicts agree with labels, and whether they are better than chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from norm_aware.errors import BenchmarkError

LEVEL = 0.95
"""Coverage aimed at by every interval of a judge check."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one item.

    Attributes:
        label: whether yes is right.
        said: whether it said yes; None where the call failed.
        pair: shared by the two verdicts that differ in one thing.
        kind: what that thing is.
    """

    label: bool
    said: bool | None
    pair: str = ""
    kind: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the judge said what the label says; a call that failed is wrong."""
        return self.said == self.label


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of verdicts with labels; a failed call counts as a verdict that disagrees.

    Attributes:
        n: verdicts.
        failures: of them, calls that failed.
        agreement: share of right verdicts, with its Wilson interval `low` to `high`.
        p: exact binomial test, one-sided. Null hypothesis: each verdict is right with probability .5 or less.
        kappa: Cohen's kappa of verdicts and labels; None where it is undefined.
        yes_rate: share of yes among the verdicts given; None where none was.
        balanced_accuracy: mean of the shares right among yes and among no items, with its interval
            `balanced_low` to `balanced_high`.
        pair_accuracy: share of pairs with both verdicts right, with its Wilson interval `pair_low` to
            `pair_high`; None without pairs.
        pairs: how many pairs there are.
        informative: whether the balanced accuracy's interval lies above .5.
    """

    n: int
    failures: int
    agreement: float
    low: float
    high: float
    p: float
    kappa: float | None
    yes_rate: float | None
    balanced_accuracy: float
    balanced_low: float
    balanced_high: float
    pair_accuracy: float | None
    pair_low: float | None
    pair_high: float | None
    pairs: int
    informative: bool


def measure_agreement(verdicts: Sequence[Verdict]) -> Agreement:
    """Agreement of verdicts with their labels.

    Args:
        verdicts: of both labels, at least one each.

    Raises:
        BenchmarkError: when a label is missing, without which there is no telling from chance.
    """
    from scipy.stats import binomtest

    right = sum(verdict.is_right for verdict in verdicts)
    said = [verdict.said for verdict in verdicts if verdict.said is not None]
    balanced, balanced_low, balanced_high = balanced_accuracy(verdicts)
    low, high = wilson(right, len(verdicts))
    both = list(pair_outcomes(verdicts).values())
    together = sum(map(all, both))
    pair_low, pair_high = wilson(together, len(both)) if both else (None, None)
    return Agreement(
        n=len(verdicts),
        failures=len(verdicts) - len(said),
        agreement=right / len(verdicts),
        low=low,
        high=high,
        p=float(binomtest(right, len(verdicts), 0.5, alternative="greater").pvalue),
        kappa=cohens_kappa(verdicts),
        yes_rate=sum(said) / len(said) if said else None,
        balanced_accuracy=balanced,
        balanced_low=balanced_low,
        balanced_high=balanced_high,
        pair_accuracy=together / len(both) if both else None,
        pair_low=pair_low,
        pair_high=pair_high,
        pairs=len(both),
        informative=balanced_low > 0.5,
    )


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927, doi:10.2307/2276774).

    Args:
        successes: how many of the trials succeeded.
        n: trials, at least one.

    Example:
        >>> [round(end, 3) for end in wilson(10, 10)]
        [0.722, 1.0]
    """
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def balanced_accuracy(verdicts: Sequence[Verdict]) -> tuple[float, float, float]:
    """Mean of the shares right among yes and among no items, and its interval.

    The interval joins the two shares' Wilson intervals (MOVER: Zou & Donner 2008, doi:10.1002/sim.3095),
    with the correlation of both verdicts of a pair where that widens it; it keeps its width where a judge
    always says the same.

    Returns:
        The value, and the interval's lower and upper end.

    Raises:
        BenchmarkError: when there is no yes or no no item.
    """
    sides = {label: [v.is_right for v in verdicts if v.label is label] for label in (True, False)}
    if not all(sides.values()):
        raise BenchmarkError("All items have one label; both are needed to tell a judge from chance.")
    rates = {label: sum(right) / len(right) for label, right in sides.items()}
    ends = {label: wilson(sum(right), len(right)) for label, right in sides.items()}
    correlation = _correlation(list(pair_outcomes(verdicts).values()))
    middle = sum(rates.values()) / 2
    below, above = (
        _joined(rates[True] - ends[True][end], rates[False] - ends[False][end], correlation) / 2
        for end in (0, 1)
    )
    return middle, max(0.0, middle - below), min(1.0, middle + above)


def cohens_kappa(verdicts: Sequence[Verdict]) -> float | None:
    """Agreement beyond what the judge's and the labels' rates of yes would give (Cohen 1960).

    A failed call is a third kind of verdict, which no label has. None where judge and labels are one
    constant, which leaves nothing beyond chance.
    """
    n = len(verdicts)
    observed = sum(verdict.is_right for verdict in verdicts) / n
    expected = sum(
        sum(v.label is value for v in verdicts) * sum(v.said is value for v in verdicts)
        for value in (True, False)
    ) / (n * n)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def by_kind(verdicts: Sequence[Verdict]) -> dict[str, dict[str, float]]:
    """Share right of each kind of trap: `{kind: {n, agreement, low, high}}`, the worst first."""
    kinds: dict[str, list[bool]] = {}
    for verdict in verdicts:
        kinds.setdefault(verdict.kind, []).append(verdict.is_right)
    found: dict[str, dict[str, float]] = {}
    for kind, right in sorted(kinds.items(), key=lambda entry: sum(entry[1]) / len(entry[1])):
        low, high = wilson(sum(right), len(right))
        found[kind] = {"n": len(right), "agreement": sum(right) / len(right), "low": low, "high": high}
    return found


def pair_outcomes(verdicts: Sequence[Verdict]) -> Mapping[str, tuple[bool, bool]]:
    """For each complete pair, whether the verdict on its yes and on its no item is right."""
    members: dict[str, dict[bool, bool]] = {}
    for verdict in verdicts:
        members.setdefault(verdict.pair, {})[verdict.label] = verdict.is_right
    return {name: (of[True], of[False]) for name, of in members.items() if name and len(of) == 2}


def _joined(first: float, second: float, correlation: float) -> float:
    return math.sqrt(max(0.0, first * first + second * second + 2 * correlation * first * second))


def _correlation(outcomes: Sequence[tuple[bool, bool]]) -> float:
    """Phi of both verdicts of a pair, at least 0; 0 where either never varies."""
    table = np.array(outcomes, dtype=np.float64).reshape(-1, 2)
    if len(table) < 2 or (table.std(axis=0) == 0).any():
        return 0.0
    # a negative one would narrow the interval on the word of the few pairs that were told apart
    return max(0.0, float(np.corrcoef(table.T)[0, 1]))

"""A gate for continuous integration: a claim about a measure that a run must show, or fail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from norm_aware.benchmark.comparison.saved import saved_clusters, saved_values
from norm_aware.benchmark.report.withholding import withheld
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.mean_interval import FEW, mean_interval

GATE_FAILED = 3
"""Exit code of a run that did not pass a gate; 0 is a pass, 1 and 2 are errors."""

MISSING = 0.05
"""Share of questions without a value of the gated system above which a gate cannot be passed."""

Outcome: TypeAlias = Literal["passed", "failed", "undecided"]

_POINT = 1e-9  # an interval no wider is a point but for rounding

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
_GATE = re.compile(r"(?P<left>[^<>]+?)\s*(?P<operator>>=|<=|>|<)\s*(?P<right>[^<>]+)")
_BASELINE = re.compile(rf"baseline(?:\s*(?P<sign>[+-])\s*(?P<number>{_NUMBER}))?")
_ABSOLUTE = re.compile(rf"[+-]?\s*{_NUMBER}")


@dataclass(frozen=True, slots=True)
class Gate:
    """A claim about a measure.

    Attributes:
        text: as it was written.
        measure: what is looked at.
        operator: ">=", ">", "<=" or "<".
        relative: whether it is about the difference from the baseline; else about the mean itself.
        bound: the difference or the mean that is asked for.
        system: whose measure; None for every candidate.
    """

    text: str
    measure: str
    operator: str
    relative: bool
    bound: float
    system: str | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate for one system.

    Attributes:
        gate: the claim.
        system: whose measure.
        outcome: "passed" where the whole 95% interval is on the right side, "failed" where it is on the
            wrong side, "undecided" where it holds the bound, there is no interval, or nothing varies
            between so few questions.
        line: all of it in one line.
    """

    gate: Gate
    system: str
    outcome: Outcome
    line: str

    @property
    def passed(self) -> bool:
        """Whether the claim was shown: what is undecided has not passed."""
        return self.outcome == "passed"


def parse_gate(text: str) -> Gate:
    """Read a gate.

    Args:
        text: `MEASURE >= baseline - NUMBER`, `MEASURE >= baseline` or `MEASURE >= NUMBER`, with >, <= or < in
            place of >= (the last two for measures of errors), and `SYSTEM: ` in front for one system alone.

    Raises:
        BenchmarkError: when it is none of these.

    Example:
        >>> gate = parse_gate("dot: nDCG@10 >= baseline - 0.01")
        >>> gate.system, gate.measure, gate.relative, gate.bound
        ('dot', 'nDCG@10', True, -0.01)
    """
    found = _GATE.fullmatch(text.strip())
    right = found["right"].strip() if found else ""
    relative = _BASELINE.fullmatch(right)
    system, _, measure = (part.strip() for part in (found["left"] if found else "").rpartition(":"))
    if not found or not measure or not (relative or _ABSOLUTE.fullmatch(right)):
        raise BenchmarkError(
            f"{text!r} is no gate; write one as 'nDCG@10 >= baseline - 0.01', 'nDCG@10 >= 0.4' or "
            "'dot: nDCG@10 > baseline'."
        )
    number = float((relative["number"] or 0) if relative else right.replace(" ", ""))
    bound = -number if relative and relative["sign"] == "-" else number
    return Gate(text.strip(), measure, found["operator"], relative is not None, bound, system or None)


def check_gates(results: Mapping[str, Any], gates: Sequence[Gate | str]) -> list[GateResult]:
    """Decide gates on the bounds of 95% intervals.

    A mean that is above the bound by luck does not pass, only one whose interval is. A system that has no
    value on more than `MISSING` of its questions does not pass either: a failure must not help. Neither
    does a measure that its judge was found unable to judge. Where every question has the same value, or the
    same difference, the interval is a point, which says nothing of other questions: under
    `norm_aware.numeric.mean_interval.FEW` of them (or of their clusters) it decides nothing.

    Args:
        results: the content of results.json.
        gates: claims, read or as text.

    Returns:
        For each gate a result for its system, or for every candidate.

    Raises:
        BenchmarkError: for text that is no gate, or a measure or a system that the run has not.
    """
    parsed = [parse_gate(gate) if isinstance(gate, str) else gate for gate in gates]
    return [_check(results, gate, system) for gate in parsed for system in _systems(results, gate)]


def exit_code(found: Sequence[GateResult]) -> int:
    """0 where every gate was passed, `GATE_FAILED` where one was not."""
    return 0 if all(result.passed for result in found) else GATE_FAILED


@dataclass(frozen=True, slots=True)
class _Figure:
    value: float | None
    low: float | None
    high: float | None
    questions: int
    units: int
    missing: int

    @property
    def point(self) -> bool:
        """Whether nothing varies between the questions."""
        return self.low is not None and self.high is not None and self.high - self.low <= _POINT


def _systems(results: Mapping[str, Any], gate: Gate) -> list[str]:
    if gate.measure not in results["measures"]:
        raise BenchmarkError(
            f"The gate {gate.text!r} asks for {gate.measure!r}, which was not measured; there are "
            f"{', '.join(results['measures'])}."
        )
    candidates = [system for system in results["systems"] if system != results["baseline"]]
    if gate.system is None:
        if not candidates:
            raise BenchmarkError(
                f"The gate {gate.text!r} is for candidates, and the run has the baseline alone; name a "
                f"system and a number, as in '{results['baseline']}: {gate.measure} >= 0.4'."
            )
        return candidates
    known = candidates if gate.relative else list(results["systems"])
    if gate.system not in known:
        raise BenchmarkError(
            f"The gate {gate.text!r} is for {gate.system!r}, which is not one of {', '.join(known)}."
        )
    return [gate.system]


def _check(results: Mapping[str, Any], gate: Gate, system: str) -> GateResult:
    if why := withheld(results["measures"]).get(gate.measure):  # its figures are guesses: not even shown
        return _result(gate, system, "undecided", [f"uninformative: {why}"])
    figure = _difference(results, gate, system) if gate.relative else _mean(results, gate, system)
    outcome = _outcome(gate, figure)
    notes = []
    if figure.value is None:
        notes.append("no question has a value" + (" of both systems" if gate.relative else ""))
    else:
        notes.append(f"{'difference' if gate.relative else 'mean'} {_signed(figure.value, gate)}")
        if figure.low is None or figure.high is None:
            notes.append("no interval")
        else:
            notes.append(f"95% interval {_signed(figure.low, gate)} to {_signed(figure.high, gate)}")
        clusters = f" in {figure.units} clusters" if figure.units < figure.questions else ""
        notes.append(f"{figure.questions} question{'s' * (figure.questions != 1)}{clusters}")
        if figure.point:
            few = f", too few to decide on where nothing varies: {FEW} are needed" * (figure.units < FEW)
            notes.append(f"the same on every one{few}")
    if figure.missing > MISSING * (figure.questions + figure.missing):
        outcome = "undecided" if outcome == "passed" else outcome
        notes.append(f"{figure.missing} more without a value")
    return _result(gate, system, outcome, notes)


def _result(gate: Gate, system: str, outcome: Outcome, notes: Sequence[str]) -> GateResult:
    claim = gate.text if gate.system else f"{system}: {gate.text}"
    return GateResult(gate, system, outcome, f"gate {outcome}: {claim} ({', '.join(notes)})")


def _difference(results: Mapping[str, Any], gate: Gate, system: str) -> _Figure:
    for row in results["comparisons"]:
        if (row["candidate"], row["measure"]) == (system, gate.measure):
            units = row.get("clusters") or row["n"]
            figures = (row["difference"], row["low"], row["high"])
            return _Figure(*figures, row["n"], units, row["missing_candidate"])
    return _Figure(None, None, None, 0, 0, 0)


def _mean(results: Mapping[str, Any], gate: Gate, system: str) -> _Figure:
    values = saved_values(results, system, gate.measure)
    known = {question: value for question, value in values.items() if value is not None}
    if not known:
        return _Figure(None, None, None, 0, 0, len(values))
    clusters = saved_clusters(results)
    groups = None if clusters is None else [clusters[question] for question in known]
    column = list(known.values())
    found = mean_interval(column, groups=groups)
    low, high = (None, None) if found.method == "none" else (found.low, found.high)
    units = len(column if groups is None else set(groups))
    return _Figure(sum(column) / len(column), low, high, len(column), units, len(values) - len(known))


def _outcome(gate: Gate, figure: _Figure) -> Outcome:
    if figure.low is None or figure.high is None or (figure.point and figure.units < FEW):
        return "undecided"
    # each end as it lies from the bound, towards the right side above 0
    sign = 1 if gate.operator in (">=", ">") else -1
    worse, better = sorted((sign * (figure.low - gate.bound), sign * (figure.high - gate.bound)))
    strict = gate.operator in (">", "<")
    if worse > 0 or (worse == 0 and not strict):
        return "passed"
    if better < 0 or (better == 0 and strict):
        return "failed"
    return "undecided"


def _signed(value: float, gate: Gate) -> str:
    return f"{value:+.4f}" if gate.relative else f"{value:.4f}"

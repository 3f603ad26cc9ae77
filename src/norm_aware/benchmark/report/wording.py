"""What the report says in words: verdicts, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from norm_aware.numerals import SIGNIFICANCE, is_known, number, p_value, signed

Outcome: TypeAlias = Literal["better", "worse", "not shown", "not measured"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one comparison says, in words.

    Attributes:
        outcome: which way it went; "not shown" when chance cannot be excluded.
        claim: the sentence's first half, such as "dot is worse than cosine".
        evidence: its second half: difference, interval, p and number of questions.
    """

    outcome: Outcome
    claim: str
    evidence: str


def verdict(comparison: Mapping[str, Any]) -> Verdict:
    """Put a comparison into words.

    A difference counts as shown when its interval excludes 0 and its adjusted p is under `SIGNIFICANCE`.
    Anything else is "no difference was shown", which does not mean that there is none.

    Args:
        comparison: one of `comparisons` in results.json.

    Returns:
        The verdict, as plain text.
    """
    candidate, baseline, measure = (comparison[key] for key in ("candidate", "baseline", "measure"))
    found = outcome(comparison)
    if found == "not measured":
        claim = f"{candidate} and {baseline} could not be compared on {measure}"
        return Verdict(found, claim, "no question has a score from both")
    claim = (
        f"No difference was shown between {candidate} and {baseline}"
        if found == "not shown"
        else f"{candidate} is {found} than {baseline}"
    )
    low, high, p, n = (comparison[key] for key in ("low", "high", "p_adjusted", "n"))
    details = [
        f"95% interval {signed(low)} to {signed(high)}"
        if is_known(low) and is_known(high)
        else "no interval",
        f"{correction(comparison)}-adjusted p {p_value(p)}" if is_known(p) else "no p value",
        f"{n} question{'s' * (n != 1)}",
    ]
    return Verdict(found, claim, f"{measure} {signed(comparison['difference'])} ({', '.join(details)})")


def outcome(comparison: Mapping[str, Any]) -> Outcome:
    """Which way a comparison went, by the rule of `verdict`."""
    difference, low, high, p = (comparison[key] for key in ("difference", "low", "high", "p_adjusted"))
    if not is_known(difference):
        return "not measured"
    if not (is_known(low) and is_known(high) and is_known(p)) or low <= 0 <= high or p >= SIGNIFICANCE:
        return "not shown"
    return "better" if (difference > 0) == comparison.get("higher_is_better", True) else "worse"


def correction(comparison: Mapping[str, Any]) -> str:
    """Name of what a comparison's p was adjusted by."""
    return {"fdr": "FDR"}.get(str(comparison.get("correction")), "Holm")


def interval_method(comparison: Mapping[str, Any]) -> str | None:
    """How the 95% interval of a comparison was made, and why not by BCa; None where that is not recorded.

    Example:
        >>> interval_method({"interval": "t", "interval_reason": "3 of 60 questions differ"})
        't: 3 of 60 questions differ'
    """
    method, reason = comparison.get("interval"), comparison.get("interval_reason")
    if method is None:
        return None
    name = "BCa" if method == "bca" else str(method)
    return f"{name}: {reason}" if reason else name


def equivalence(comparison: Mapping[str, Any]) -> str | None:
    """A sentence on the equivalence test of a comparison; None where there was none."""
    found = comparison.get("equivalence")
    if not found or not is_known(found["margin"]):
        return None
    details = [f"margin {number(found['margin'])}"]
    if is_known(found["low"]) and is_known(found["high"]):
        details.append(f"90% interval {signed(found['low'])} to {signed(found['high'])}")
    if p := equivalence_p(found):
        details.append(p)
    measure, outcome_ = comparison["measure"], str(found["outcome"]).replace("_", " ")
    return f"Equivalence test on {measure}: {outcome_} ({', '.join(details)})"


def equivalence_p(found: Mapping[str, Any]) -> str | None:
    """The p of what an equivalence test claims, and of which test; None where it claims neither.

    "Equivalent" takes both one-sided tests, anything else short of "worse" the one against being worse by
    the margin, which cannot speak for "worse".

    Args:
        found: `equivalence` of a comparison.

    Example:
        >>> equivalence_p({"outcome": "no worse", "p": 0.01, "p_equivalent": 0.4})
        'p of no worse 0.010'
    """
    kind = str(found["outcome"]).replace("_", " ")
    if kind == "worse":
        return None
    name, p = "no worse", found["p"]
    if kind == "equivalent":
        name, p = "equivalence", found.get("p_equivalent")
    return f"p of {name} {p_value(p)}" if is_known(p) else None

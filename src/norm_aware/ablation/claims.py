"""What an ablation's comparisons come to in words: outcomes, verdicts, and what each number is subject to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from norm_aware.ablation.scorings import OWN, UNTOUCHED
from norm_aware.ablation.significance import NOT_COVERED, NULL_HYPOTHESES, mean_sets
from norm_aware.numerals import SIGNIFICANCE, p_value, signed

KINDS = {
    "cosine": "Each arm under its own similarity, against the cosine arm",
    "training": "Training alone: each arm searched by cosine, against the cosine arm",
    "untouched": "Each arm under its own similarity, against the untouched base",
    "post_hoc": "Each arm under its own similarity, against the cosine arm given the anti-hubness norm",
    "scoring": "The same model, scored another way",
}
"""Headings of the kinds of comparison, in order."""

CLAIMED = ("cosine", "training", "untouched")
"""Kinds of comparison that there are verdicts of."""

ONE_TRAINING = "one training: whether another seed agrees is not known"
"""What is said wherever there is a single seed."""


def outcome(row: Mapping[str, Any]) -> str:
    """`better`, `worse`, or `not shown`: the interval leaves 0 out and the adjusted p is below .05.

    Args:
        row: of the comparisons.
    """
    if row["low"] <= 0 <= row["high"] or row["p_adjusted"] >= SIGNIFICANCE:
        return "not shown"
    return "better" if row["difference"] > 0 else "worse"


def verdicts(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How the evidence falls for every arm, in each kind of comparison that is `CLAIMED`.

    Returns:
        Each with `row` (the comparison on the mean over the out-of-domain sets), `outcome`, `claim` and
        `figures` (both in words), and of the single out-of-domain sets `better`, `worse` and `sets`.
    """
    outside = set(mean_sets(results["sets"], "out_of_domain"))
    found = []
    for row in results["comparisons"]:
        if row["scope"] != "out_of_domain" or row["kind"] not in CLAIMED:
            continue
        singles = [
            outcome(other)
            for other in results["comparisons"]
            if other["level"] == "set"
            and other["scope"] in outside
            and (other["kind"], other["arm"]) == (row["kind"], row["arm"])
        ]
        counts = {name: singles.count(name) for name in ("better", "worse")}
        verdict = {"row": row, "outcome": outcome(row), **counts, "sets": len(singles)}
        found.append({**verdict, "claim": _claim(row), "figures": _figures(verdict)})
    return found


def scored(row: Mapping[str, Any], side: str = "arm") -> str:
    """A side of a comparison in words: a model, and what it was searched by unless that goes without saying.

    Args:
        row: of the comparisons.
        side: `arm` or `reference`.
    """
    model, scoring = row[side], row["scoring" if side == "arm" else "reference_scoring"]
    names = {UNTOUCHED: "the untouched base", "cosine": "the cosine arm"}
    plain = scoring == OWN or (model in names and scoring == "cosine")
    return names.get(model, f"the arm {model}") + ("" if plain else f", searched by {scoring},")


def null_hypotheses(seeds: int) -> dict[str, str]:
    """What each p value tests, with so many seeds."""
    if seeds > 1:
        return dict(NULL_HYPOTHESES)
    return {
        "p": "over queries like those of each set, the mean difference of these trained models is 0 (t)",
        **{name: NULL_HYPOTHESES[name] for name in ("p_adjusted", "p_queries")},
    }


def not_covered(seeds: int) -> tuple[str, ...]:
    """What the p values and intervals say nothing of, with so many seeds."""
    sets, spread, queries = NOT_COVERED
    return sets, spread if seeds > 1 else f"The spread over seeds: {ONE_TRAINING}.", queries


def _claim(row: Mapping[str, Any]) -> str:
    ours, theirs, found = scored(row), scored(row, "reference").rstrip(","), outcome(row)
    if found == "not shown":
        return f"No difference was shown between {ours.rstrip(',')} and {theirs}"
    return f"{ours[0].upper()}{ours[1:]} is {found} than {theirs}"


def _figures(verdict: Mapping[str, Any]) -> str:
    row = verdict["row"]
    seeds = f"{row['seeds']} seeds" if row["seeds"] > 1 else ONE_TRAINING
    return (
        f"{signed(row['difference'])} (95% interval {signed(row['low'])} to {signed(row['high'])}, "
        f"adjusted p {p_value(row['p_adjusted'])}); of {verdict['sets']} sets {verdict['better']} better, "
        f"{verdict['worse']} worse; {seeds}"
    )

"""What the templates show: results.json chosen, ordered and grouped, nothing computed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from norm_aware.benchmark.comparison.comparison import NULL_HYPOTHESES
from norm_aware.benchmark.report.chart import forest_axis, histogram
from norm_aware.benchmark.report.sources import attributions, breakdowns, plan_parts
from norm_aware.benchmark.report.trust import judge_figures
from norm_aware.benchmark.report.withholding import measures_of_errors, withheld
from norm_aware.benchmark.report.wording import equivalence, outcome, verdict
from norm_aware.numerals import is_known

PRIMARY_MEASURE = "nDCG@10"
"""The measure that the verdict is about, fixed before any result is seen."""

ANSWER_MEASURE = "squad_f1"
"""The measure that speaks for the answers; the first informative one of their kind where it was not taken."""

EXAMPLES = 8
"""Most questions listed on each side, gained and lost, for each candidate."""

FAILURES = 200
"""Most groups of failures listed."""

KINDS = {"retrieval": "Retrieval", "answer": "Answers", "judged": "Answers, judged by a language model"}
"""Headings of the kinds of measure, in order."""

_P_VALUES = {
    "p": "p, raw",
    "p_adjusted": "p, adjusted",
    "worst_case.p": "p of the worst case",
    "equivalence.p": "p of no worse",
    "equivalence.p_equivalent": "p of equivalence",
}
"""What the page calls each p value."""

_STRENGTH = (
    "superiority",
    "minimum_detectable",
    "needed",
    "worst_case",
    "equivalence",
    "clusters",
    "interval",
)


@dataclass(frozen=True, slots=True)
class Example:
    """One question on which a candidate and the baseline differ.

    Attributes:
        number: position of the question in results.json.
        text: the question.
        before: the baseline's primary measure.
        after: the candidate's.
    """

    number: int
    text: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """The candidate's primary measure minus the baseline's."""
        return self.after - self.before


def view(results: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the templates use.

    Args:
        results: the content of a results.json that keeps its schema.
    """
    baseline, measures = results["baseline"], results["measures"]
    candidates = [system for system in results["systems"] if system != baseline]
    hidden = withheld(measures)
    comparisons = {(row["candidate"], row["measure"]): row for row in results["comparisons"]}
    shown = {key: row for key, row in comparisons.items() if key[1] not in hidden}
    outcomes = {key: outcome(row) for key, row in shown.items()}
    headline = headline_measures(measures)
    return {
        **results,
        "created": _moment(results["created"]),
        "primary": PRIMARY_MEASURE,
        "headline": headline,
        "candidates": candidates,
        "order": [baseline, *candidates],
        "groups": _groups(measures),
        "withheld": hidden,
        "errors": measures_of_errors(results),
        "comparisons": comparisons,
        "outcomes": outcomes,
        "verdicts": {
            candidate: [verdict(shown[key]) for m in headline if (key := (candidate, m)) in shown]
            for candidate in candidates
        },
        "equivalences": {
            candidate: [s for m in headline if (s := equivalence(shown.get((candidate, m), {})))]
            for candidate in candidates
        },
        "strength": {key for key in _STRENGTH if any(row.get(key) is not None for row in shown.values())},
        "tallies": {
            candidate: Counter(found for (name, _), found in outcomes.items() if name == candidate)
            for candidate in candidates
        },
        "failed": Counter(failure["system"] for failure in results["failures"]),
        "failure_groups": _failures(results),
        "most_failures": FAILURES,
        "null_hypotheses": {_P_VALUES.get(key, key): said for key, said in NULL_HYPOTHESES.items()},
        "forest": forest_axis(shown.values()),
        "examples": {candidate: _examples(results, candidate) for candidate in candidates},
        "histogram": histogram(results["norms"]) if results["norms"] else None,
        "attributions": attributions(results, candidates, headline=headline, withheld=hidden),
        "breakdown_parts": breakdowns(results, candidates, headline=headline, withheld=hidden),
        "judge_figures": judge_figures((results["judge"] or {}).get("check")),
        "plan_parts": plan_parts(results["plan"]),
    }


def headline_measures(measures: Mapping[str, Any]) -> list[str]:
    """The measures a verdict speaks of: the primary one, and one for the answers where any is informative.

    Args:
        measures: of results.json.
    """
    hidden = withheld(measures)
    by_kind = [
        name
        for kind in ("answer", "judged")
        for name in measures
        if measures[name]["kind"] == kind and name not in hidden
    ]
    answers = [ANSWER_MEASURE] if ANSWER_MEASURE in by_kind else by_kind[:1]
    return [PRIMARY_MEASURE, *answers]


def _groups(measures: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """(kind, heading, measures) in order."""
    kinds = dict.fromkeys([*KINDS, *(measure["kind"] for measure in measures.values())])
    return [
        (kind, KINDS.get(kind, kind), names)
        for kind in kinds
        if (names := [name for name in measures if measures[name]["kind"] == kind])
    ]


def _failures(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Failures of one reason together, the most frequent first, with the first questions they met."""
    texts = {query["query_id"]: query["text"] for query in results["queries"]}
    groups: dict[tuple[str, str, str], list[str]] = {}
    for failure in results["failures"]:
        key = (failure["system"], failure["measure"], failure["reason"] or "no reason given")
        groups.setdefault(key, []).append(failure["query_id"])
    return [
        {
            "system": system,
            "measure": measure,
            "reason": reason,
            "count": len(ids),
            "questions": [(query, texts.get(query, "")) for query in ids[:3]],
        }
        for (system, measure, reason), ids in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


def _examples(results: Mapping[str, Any], candidate: str) -> dict[str, list[Example]]:
    found = list(_differing(results["queries"], results["baseline"], candidate))
    gained = sorted((e for e in found if e.change > 0), key=lambda example: -example.change)
    lost = sorted((e for e in found if e.change < 0), key=lambda example: example.change)
    return {"gained": gained[:EXAMPLES], "lost": lost[:EXAMPLES]}


def _differing(queries: Sequence[Mapping[str, Any]], baseline: str, candidate: str) -> Iterator[Example]:
    for number, query in enumerate(queries):
        runs = [query["systems"].get(system) or {} for system in (baseline, candidate)]
        before, after = (run.get("measures", {}).get(PRIMARY_MEASURE) for run in runs)
        if is_known(before) and is_known(after) and abs(after - before) > 1e-9:
            yield Example(number, query["text"], before, after)


def _moment(created: str) -> str:
    """An ISO 8601 time as "2026-11-23 20:00 UTC", or as it stands when it is not one."""
    try:
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    except ValueError:
        return created
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"

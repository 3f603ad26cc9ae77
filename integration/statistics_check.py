"""Do the benchmark's statistics hold what they promise? Simulated comparisons whose truth is known.

Coverage of the 95% interval, false positives of the paired test where there is no difference, family-wise
error over 20 measures, false claims of the equivalence test at its margin, and power at the stated minimum
detectable effect. Every scenario runs the code that a comparison runs. The headline figures `coverage` and
`false_positive_rate` are means over the scenarios of `REALISTIC`; the worst of them stands beside.

    python integration/statistics_check.py [--simulations 2000] --out FILE.json
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.comparison.compare import compare
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.numeric.bca import bca_intervals
from norm_aware.numeric.equivalence import equivalence
from norm_aware.numeric.mean_interval import mean_intervals
from norm_aware.numeric.power import minimum_detectable, needed_questions
from norm_aware.numeric.significance import permutation_ps
from norm_aware.numeric.superiority import superiority
from statistics_scenarios import HARD, REALISTIC, Scenario

BATCH = 50  # simulated comparisons that share the resampling's draws; each batch has others
RESAMPLES = 2_000
FAMILY = 20


def batches(
    scenario: Scenario, simulations: int, kind: Literal["difference", "null"]
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.int64] | None]]:
    """Simulated comparisons of a scenario, `BATCH` columns at a time."""
    for batch in range(simulations // BATCH):
        generator = np.random.default_rng([batch, scenario.seed, kind == "null"])
        yield batch, *scenario.draw(generator, BATCH, kind)


def coverage(scenario: Scenario, simulations: int) -> dict[str, Any]:
    """How often the interval holds the true difference, by our choice of method and by plain BCa."""
    truth = scenario.truth
    held: dict[str, int] = dict.fromkeys(("reported", "plain_bca"), 0)
    below, above, methods, width = 0, 0, dict.fromkeys(("bca", "t", "percentile", "none"), 0), 0.0
    for batch, columns, groups in batches(scenario, simulations, "difference"):
        for name, found in (
            ("reported", mean_intervals(columns, resamples=RESAMPLES, seed=batch, groups=groups)),
            ("plain_bca", bca_intervals(columns, resamples=RESAMPLES, seed=batch, groups=groups)),
        ):
            held[name] += sum(i.low <= truth <= i.high for i in found)
            if name == "reported":
                below += sum(i.high < truth for i in found)
                above += sum(i.low > truth for i in found)
                width += sum(i.high - i.low for i in found)
                for interval in found:
                    methods[interval.method] += 1
    return {
        "coverage": held["reported"] / simulations,
        "plain_bca": held["plain_bca"] / simulations,
        "interval_below_truth": below / simulations,
        "interval_above_truth": above / simulations,
        "mean_width": round(width / simulations, 4),
        "methods": {name: count / simulations for name, count in methods.items() if count},
    }


def false_positives(scenario: Scenario, simulations: int) -> dict[str, float]:
    """How often two systems that do not differ are called different: by p alone, and by the report's rule."""
    by_p = by_rule = 0
    for batch, columns, groups in batches(scenario, simulations, "null"):
        p = permutation_ps(columns, permutations=RESAMPLES, seed=batch, groups=groups)
        intervals = mean_intervals(columns, resamples=RESAMPLES, seed=batch, groups=groups)
        by_p += int((p < 0.05).sum())
        by_rule += sum(q < 0.05 and not i.low <= 0 <= i.high for q, i in zip(p, intervals, strict=True))
    return {"p_under_0.05": by_p / simulations, "called_different": by_rule / simulations}


def superiority_coverage(scenario: Scenario, simulations: int) -> float:
    """How often the interval of the probability of superiority holds the true one."""
    held, truth = 0, scenario.superiority
    for _, columns, groups in batches(scenario, simulations, "difference"):
        found = (superiority(column, groups=groups) for column in columns.T)
        held += sum(s.low <= truth <= s.high for s in found)
    return held / simulations


def equivalence_errors(scenario: Scenario, simulations: int) -> dict[str, float]:
    """How often a candidate that is worse by exactly the margin is called no worse."""
    margin, wrong, unguarded, truth = 0.05, 0, 0, scenario.truth
    for _, columns, groups in batches(scenario, simulations, "difference"):
        for column in (columns - truth - margin if scenario.shiftable else columns).T:
            edge = margin if scenario.shiftable else -truth
            found = equivalence(column, margin=edge, groups=groups, span=1.0)
            plain = equivalence(column, margin=edge, groups=groups)
            wrong += found is not None and found.p < 0.05
            unguarded += plain is not None and plain.p < 0.05
    return {"called_no_worse": wrong / simulations, "without_the_guard": unguarded / simulations}


def family_wise_error(simulations: int, questions: int = 100) -> dict[str, float]:
    """Chance of any false claim among 20 related measures of one candidate, through `compare` itself."""
    runs = max(50, simulations // 10)
    any_raw = any_holm = any_fdr = 0
    for run in range(runs):
        generator = np.random.default_rng([run, 99])
        shared = generator.normal(0, 1, (questions, 1))
        scores = 0.5 + 0.1 * (shared + generator.normal(0, 1, (questions, 2 * FAMILY)))
        measures = [f"m{i}" for i in range(FAMILY)]
        values = {
            system: {
                m: {f"q{q}": float(v) for q, v in enumerate(column)}
                for m, column in zip(measures, scores[:, first::2].T, strict=True)
            }
            for first, system in enumerate(("a", "b"))
        }
        raw = {}
        for correction in ("holm", "fdr"):
            options = ComparisonOptions(correction=correction, resamples=RESAMPLES, seed=run)
            found = compare(values, baseline="a", measures=measures, options=options)
            raw = {c.measure: c.p for c in found}
            claimed = any((c.p_adjusted or 0) < 0.05 for c in found)
            any_holm += claimed and correction == "holm"
            any_fdr += claimed and correction == "fdr"
        any_raw += any((p or 0) < 0.05 for p in raw.values())
    return {
        "families": runs,
        "uncorrected": any_raw / runs,
        "holm": any_holm / runs,
        "fdr": any_fdr / runs,
    }


def missing_by_score(simulations: int, questions: int = 150) -> dict[str, float]:
    """A candidate that fails on half of the questions it would do badly on, through `compare` itself.

    Its complete cases are then too good to be true; the worst case must not be.
    """
    runs = max(50, simulations // 10)
    complete = worst = called_better = 0
    for run in range(runs):
        generator = np.random.default_rng([run, 98])
        before = generator.beta(1.2, 1.2, questions)
        after = np.clip(before + generator.normal(0, 0.2, questions), 0, 1)
        lost = (after < 0.3) & (generator.random(questions) < 0.5)
        answered = {f"q{i}": float(v) for i, v in enumerate(after) if not lost[i]}
        values = {
            "a": {"m": {f"q{i}": float(v) for i, v in enumerate(before)}},
            "b": {"m": answered},
        }
        options = ComparisonOptions(resamples=RESAMPLES, seed=run)
        (found,) = compare(values, baseline="a", measures=["m"], options=options)
        complete += (found.low or 0) <= 0 <= (found.high or 0)
        called_better += (found.low or 0) > 0
        worst += found.worst_case is None or (found.worst_case.low or 0) <= 0
    return {
        "complete_case_coverage": complete / runs,
        "complete_case_called_better": called_better / runs,
        "worst_case_not_above_truth": worst / runs,
    }


def power(simulations: int) -> dict[str, Any]:
    """Whether a true difference of the minimum detectable size is found in 80 of 100 comparisons."""
    found: dict[str, Any] = {}
    for questions in (30, 100, 300):
        generator = np.random.default_rng([questions, 5])
        noise = generator.normal(0, 0.2, (questions, simulations))
        detectable = minimum_detectable(noise[:, 0] * 0.2 / noise[:, 0].std(ddof=1))
        assert detectable is not None  # noqa: S101  # two questions at least
        p = np.concatenate(
            [
                permutation_ps(noise[:, at : at + BATCH] + detectable, permutations=RESAMPLES, seed=at)
                for at in range(0, simulations, BATCH)
            ]
        )
        needed = needed_questions(noise[:, 0] * 0.2 / noise[:, 0].std(ddof=1), difference=detectable)
        found[f"n={questions}"] = {
            "minimum_detectable": round(detectable, 4),
            "power": float((p < 0.05).mean()),
            "needed_for_it": needed,
        }
    return found


def main() -> None:
    """Run every scenario and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=2000, help="per scenario, a multiple of 50")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    started, simulations = time.perf_counter(), options.simulations
    scenarios: dict[str, dict[str, Any]] = {}
    for scenario in (*REALISTIC, *HARD):
        truth = scenario.truth
        row: dict[str, Any] = {"realistic": scenario in REALISTIC, "about": scenario.about}
        row["truth"] = round(truth, 6)
        row["interval"] = coverage(scenario, simulations)
        if scenario.has_null:
            row["null"] = false_positives(scenario, simulations)
        row["superiority_coverage"] = superiority_coverage(scenario, simulations)
        if truth < 0 or scenario.shiftable:
            row["equivalence_at_the_margin"] = equivalence_errors(scenario, simulations)
        scenarios[scenario.name] = row
        print(scenario.name, json.dumps(row), flush=True)
    covered = {s.name: scenarios[s.name]["interval"]["coverage"] for s in REALISTIC}
    wrong = {s.name: scenarios[s.name]["null"]["p_under_0.05"] for s in REALISTIC if s.has_null}
    worst = min(covered, key=lambda name: covered[name])
    worst_null = max(wrong, key=lambda name: wrong[name])
    report = {
        "coverage": round(float(np.mean(list(covered.values()))), 4),
        "coverage_worst": {"scenario": worst, "coverage": covered[worst]},
        "coverage_of_plain_bca": round(
            float(np.mean([scenarios[s.name]["interval"]["plain_bca"] for s in REALISTIC])), 4
        ),
        "false_positive_rate": round(float(np.mean(list(wrong.values()))), 4),
        "false_positive_rate_worst": {"scenario": worst_null, "rate": wrong[worst_null]},
        "simulations": simulations,
        "standard_error_of_a_scenario": round((0.05 * 0.95 / simulations) ** 0.5, 4),
        "resamples": RESAMPLES,
        "family_wise_error": family_wise_error(simulations),
        "missing_by_score": missing_by_score(simulations),
        "power": power(simulations),
        "scenarios": scenarios,
        "seconds": round(time.perf_counter() - started, 1),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: report[key] for key in report if key != "scenarios"}, indent=1))


if __name__ == "__main__":
    main()

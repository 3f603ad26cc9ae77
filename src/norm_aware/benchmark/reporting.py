"""What is made of a run's rows beside scores: how they are compared, attributed and judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from norm_aware.benchmark.attribution.attribute import Options, attribute
from norm_aware.benchmark.attribution.differences import Resampling
from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.judging.trust import uninformative_metrics
from norm_aware.benchmark.metrics.judge_costs import judge_costs
from norm_aware.benchmark.metrics.metric import DESCRIPTIONS
from norm_aware.benchmark.rows import Run
from norm_aware.benchmark.systems.system import System

JUDGE_COSTS = "judge"
"""The name among `costs` that stands for judging, which no system may have."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """How a run is reported.

    Attributes:
        comparing: margin, correction and resampling.
        clustered: resample questions that share a relevant document together.
        attribution: run the systems between baseline and candidates too, so that a difference is told by
            its steps.
        judge: the judge: `model`, `fingerprint`, `repeats`, and its `check` or None; None without one.
        judge_limit: of how many of the queries, from the first, answers are judged; None judges all.
        plan: the resolved plan; no secrets.
    """

    comparing: ComparisonOptions = field(default_factory=ComparisonOptions)
    clustered: bool = True
    attribution: bool = False
    judge: Mapping[str, Any] | None = None
    judge_limit: int | None = None
    plan: Mapping[str, Any] | None = None

    def clusters(self, relevant: Mapping[str, Iterable[str]]) -> dict[str, int] | None:
        """The cluster of each question; None where each is resampled by itself.

        Args:
            relevant: ids of the documents relevant to each question, by question id.
        """
        return question_clusters(relevant) if self.clustered else None


def attributed(
    dataset: Dataset,
    queries: Sequence[Query],
    systems: Sequence[System],
    *,
    rungs: Sequence[System],
    run: Run,
    scores: Sequence[Mapping[str, Any]],
    norms: Mapping[str, float | None],
    reporting: Reporting,
) -> dict[str, Any]:
    """`attribution`, `breakdowns` and `costs` of a run, as `build_results` takes them.

    Args:
        dataset: what was searched.
        queries: those of it that were asked.
        systems: what is compared, the baseline first.
        rungs: systems of the run that are scored and not compared.
        run: rows of `collect`.
        scores: rows of `score_run`.
        norms: length of every document's raw embedding.
        reporting: how.
    """
    present = {row["measure"] for row in scores}
    relevant = {query.id: dataset.relevant(query.id) for query in queries}
    found = attribute(
        dataset,
        systems,
        run=run,
        scores=scores,
        norms=norms,
        measures={name: kind for name, (kind, _) in DESCRIPTIONS.items() if name in present},
        options=Options(
            rungs=rungs,
            kinds={query.id: query.kind for query in queries if query.kind},
            uninformative=uninformative_metrics(reporting.judge),
            resampling=Resampling(seed=reporting.comparing.seed, clusters=reporting.clusters(relevant)),
            step_draws=reporting.comparing.resamples,
        ),
    )
    return {**found, "costs": _judging(scores)}


def _judging(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    by_measure = judge_costs(scores).values()
    if not by_measure:
        return {}
    names = dict.fromkeys(name for costs in by_measure for name in costs)
    return {JUDGE_COSTS: {name: _sum([costs.get(name) for costs in by_measure]) for name in names}}


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None

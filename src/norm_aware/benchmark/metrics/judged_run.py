"""What a run asks its judges: each metric of each answer, and each answer against the baseline's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Protocol

from norm_aware.benchmark.digest import digest
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.pairwise import MEASURE, PairwiseJudge
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.metrics.verdicts import Ask, merged, score_row, settle, verdict_key
from norm_aware.benchmark.rows import Rows
from norm_aware.progress import Progress

Key = tuple[str, str]
"""System and query."""


class Judge(Protocol):
    """Metrics that ask a language model."""

    fingerprint: str
    names: tuple[str, ...]
    repeats: int

    def applies(self, name: str, sample: Sample) -> bool:
        """Whether the metric can be asked for this sample."""

    async def judge(self, name: str, sample: Sample, *, repeat: int = 0) -> Score:
        """One metric of a sample, asked once."""

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""


def judge_run(
    run: Mapping[Key, Mapping[str, Any]],
    samples: Mapping[Key, Sample],
    *,
    judge: Judge | None,
    pairwise: PairwiseJudge | None,
    judged: Rows,
    progress: Progress,
) -> dict[Key, list[dict[str, Any]]]:
    """Rows of all judged measures, by system and query.

    Args:
        run: rows of `collect`; the first system is the baseline.
        samples: what each answered.
        judge: RAGAS's judged metrics.
        pairwise: compares answers with the baseline's.
        judged: verdicts so far and where new ones go.
        progress: told of verdicts given.
    """
    asked: dict[str, Ask] = {}
    compared: dict[str, Ask] = {}
    wanted: dict[Key, list[tuple[str, list[str] | Score]]] = {key: [] for key in run}
    if judge is not None:
        for key, found in _metrics(run, samples, judge, asked):
            wanted[key].append((judge.fingerprint, found))
    if pairwise is not None:
        for key, found in _pairs(run, samples, pairwise, compared):
            wanted[key].append((pairwise.fingerprint, found))
    verdicts: dict[str, Score] = {}
    # one after the other: both may be one model that answers a single question at a time
    for each, todo in ((judge, asked), (pairwise, compared)):
        if each is not None:
            verdicts |= settle(todo, judged, judge=each, progress=progress)
    rows: dict[Key, list[dict[str, Any]]] = {}
    paid: set[str] = set()
    for key, of_key in wanted.items():
        rows[key] = []
        for fingerprint, found in of_key:
            if isinstance(found, Score):
                rows[key].append(score_row(*key, found, fingerprint))
                continue
            row = score_row(*key, merged([verdicts[each] for each in found]), fingerprint)
            if found[0] in paid:
                row = {name: value for name, value in row.items() if name != "usage"} | {"shared": True}
            paid.update(found)
            rows[key].append(row)
    return rows


def _metrics(
    run: Mapping[Key, Mapping[str, Any]], samples: Mapping[Key, Sample], judge: Judge, asked: dict[str, Ask]
) -> Iterator[tuple[Key, list[str] | Score]]:
    """For each row and metric, the keys of its verdicts, or why there are none; adds what is to be asked."""
    # one metric after the other: a local judge has read the beginning of its prompt already
    for name in judge.names:
        for key, sample in samples.items():
            failure = run[key].get("failure")
            if run[key]["answer"] is None and not failure:
                continue  # it was not to be answered
            if not judge.applies(name, sample):
                continue
            if failure and "answer" in METRICS[name].looks_at:
                yield key, Score(name, None, f"no answer: {failure}")
                continue
            keys = [verdict_key(judge.fingerprint, name, sample, n) for n in range(judge.repeats)]
            for repeat, each in enumerate(keys):
                asked.setdefault(each, partial(judge.judge, name, sample, repeat=repeat))
            yield key, keys


def _pairs(
    run: Mapping[Key, Mapping[str, Any]],
    samples: Mapping[Key, Sample],
    pairwise: PairwiseJudge,
    asked: dict[str, Ask],
) -> Iterator[tuple[Key, list[str] | Score]]:
    """As `_metrics`, of each answer against the baseline's, which is worth half of itself."""
    baseline = next((system for system, _ in run), None)
    for key, sample in samples.items():
        theirs = run.get((baseline or "", key[1]))
        if theirs is None or (run[key]["answer"] is None and not run[key].get("failure")):
            continue
        failures = [row.get("failure") for row in (run[key], theirs) if row["answer"] is None]
        if failures:
            whose = "" if run[key]["answer"] is None else " of the baseline"
            yield key, Score(MEASURE, None, f"no answer{whose}: {failures[0] or 'it was not asked'}")
        elif key[0] == baseline:
            yield key, Score(MEASURE, 0.5)
        else:
            answers = (sample.answer, samples[baseline or "", key[1]].answer)
            seen = (pairwise.fingerprint, sample.question, answers, sample.references)
            keys = [digest(*seen, repeat) for repeat in range(pairwise.repeats)]
            for repeat, each in enumerate(keys):
                ask = partial(pairwise.compare, sample.question, answers, sample.references, repeat=repeat)
                asked.setdefault(each, ask)
            yield key, keys

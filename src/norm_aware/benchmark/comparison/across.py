"""Two runs beside each other: the same questions, asked at two times or of two configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.benchmark.comparison.compare import adjusted, as_row, compare, mean_values
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.comparison.pairs import Values
from norm_aware.benchmark.comparison.saved import saved_relevant, saved_values
from norm_aware.benchmark.metrics.metric import CANDIDATES, METRICS
from norm_aware.benchmark.report.withholding import withheld
from norm_aware.errors import BenchmarkError

_LISTED = 3  # names in a message
_RELATIVE = "it compares answers with the baseline of their own run"


def compare_runs(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    system: str | None = None,
    baseline: str | None = None,
    measures: Sequence[str] = (),
    options: ComparisonOptions | None = None,
) -> dict[str, Any]:
    """Compare systems of one run with systems of another, paired per question.

    Args:
        before: the content of the first run's results.json, which has the baselines.
        after: the content of the second's, which has the candidates.
        system: which system of the second; every system that both runs name alike if neither this nor
            `baseline` is given.
        baseline: which system of the first; the one named like `system` if not given.
        measures: which measures; if empty all that both runs have, but those that compare an answer with
            the baseline's own (pairwise): their values mean nothing beside another run's.
        options: margin, correction and resampling; the correction runs over all systems and measures, but
            those that a judge of either run was found unable to judge.

    Returns:
        A JSON-ready dictionary: `before` and `after` (name, created), `dataset`, `changed` (settings and
        versions that differ, `{key: [before, after]}`), `measures`, `left_out` (`{measure: why}`), `systems`
        (means by label) and `comparisons`, whose baseline and candidate are labels, `RUN/SYSTEM`.

    Raises:
        BenchmarkError: when datasets, questions or how a judged measure was judged differ, or there is
            nothing to compare; the message says what differs.
    """
    options = options or ComparisonOptions()
    _require_same_dataset(before, after)
    _require_same_questions(before, after)
    shared = [measure for measure in before["measures"] if measure in after["measures"]]
    chosen = _chosen(shared, measures)
    _require_same_judge(before, after, chosen)
    clusters = question_clusters(saved_relevant(after))
    meanings = {measure: _meaning(measure, before, after) for measure in chosen}
    comparisons, means = [], {}
    for theirs, ours in _pairs(before, after, system, baseline):
        labels = _labels(f"{before['name']}/{theirs}", f"{after['name']}/{ours}")
        values: Values = {
            labels[0]: {m: saved_values(before, theirs, m) for m in chosen},
            labels[1]: {m: saved_values(after, ours, m) for m in chosen},
        }
        means.update(mean_values(values, measures=chosen))
        comparisons += compare(
            values, baseline=labels[0], measures=chosen, clusters=clusters, options=options
        )
    return {
        "before": {key: before.get(key) for key in ("name", "created")},
        "after": {key: after.get(key) for key in ("name", "created")},
        "dataset": dict(after["dataset"]),
        "changed": _changed(_settings(before), _settings(after)),
        "measures": meanings,
        "left_out": {m: _RELATIVE for m in shared if _is_relative(m)} if not measures else {},
        "systems": means,
        "comparisons": [
            as_row(row) for row in adjusted(comparisons, options.correction, outside=withheld(meanings))
        ],
    }


def _require_same_dataset(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    first, second = before["dataset"], after["dataset"]
    for key in ("name", "digest"):
        if first.get(key) != second.get(key):
            raise BenchmarkError(
                f"The runs are of different datasets: {key} {first.get(key)!r} of {before['name']!r}, "
                f"{second.get(key)!r} of {after['name']!r}. Their scores cannot be compared; run both on one."
            )


def _require_same_questions(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    first, second = ({q["query_id"]: q["text"] for q in run["queries"]} for run in (before, after))
    alone = [(before["name"], sorted(first.keys() - second)), (after["name"], sorted(second.keys() - first))]
    told = [f"{len(ids)} only in {name!r} ({_list(ids)})" for name, ids in alone if ids]
    if told:
        raise BenchmarkError(
            f"The runs asked different questions: {len(first)} and {len(second)}, {', '.join(told)}. "
            "Run both with the same --limit and --seed."
        )
    if changed := sorted(query for query, text in first.items() if second[query] != text):
        raise BenchmarkError(
            f"{len(changed)} questions have another text in each run ({_list(changed)}); run both on one "
            "dataset."
        )


def _chosen(shared: Sequence[str], wanted: Sequence[str]) -> list[str]:
    if unknown := [measure for measure in wanted if measure not in shared]:
        raise BenchmarkError(
            f"{_list(unknown)} is not measured in both runs; both have {', '.join(shared) or 'nothing'}."
        )
    if relative := [measure for measure in wanted if _is_relative(measure)]:
        raise BenchmarkError(
            f"{_list(relative)} says nothing across runs: {_RELATIVE}. Choose other measures by --measure, "
            "or put both systems into one run."
        )
    chosen = list(dict.fromkeys(wanted)) or [measure for measure in shared if not _is_relative(measure)]
    if not chosen:
        raise BenchmarkError("The runs have no measure in common that can be compared across runs.")
    return chosen


def _is_relative(measure: str) -> bool:
    return measure in METRICS and CANDIDATES in METRICS[measure].needs


def _meaning(measure: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What a measure is; uninformative where either run's judge was found to guess."""
    first, second = (run["measures"][measure] for run in (before, after))
    return dict(first if withheld({measure: first}) else second)


def _require_same_judge(before: Mapping[str, Any], after: Mapping[str, Any], measures: Sequence[str]) -> None:
    judged = [m for m in measures if after["measures"][m].get("kind") == "judged"]
    first, second = _judges(before, after)
    if judged and first != second:
        raise BenchmarkError(
            f"{_list(judged)} were judged by different judges ({first or 'unknown'} and "
            f"{second or 'unknown'}: another model, settings of it, or version of RAGAS), whose scores are "
            "no one scale; judge both runs by one, or choose other measures by --measure."
        )


def _judges(*runs: Mapping[str, Any]) -> list[str | None]:
    """What tells each run's judge: all that changes a verdict where both say it, else the model."""
    exact = [run["configuration"].get("judge_fingerprint") for run in runs]
    if all(exact):
        return exact
    return [(run.get("judge") or {}).get("fingerprint") or of for run, of in zip(runs, exact, strict=True)]


def _pairs(
    before: Mapping[str, Any], after: Mapping[str, Any], system: str | None, baseline: str | None
) -> list[tuple[str, str]]:
    if system is not None or baseline is not None:
        return [(baseline or str(system), system or str(baseline))]
    shared = [name for name in before["systems"] if name in after["systems"]]
    if not shared:
        raise BenchmarkError(
            f"The runs have no system of the same name ({', '.join(before['systems'])}; "
            f"{', '.join(after['systems'])}); name two with --baseline and --system."
        )
    return [(name, name) for name in shared]


def _labels(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first != second else (f"{first} (before)", f"{second} (after)")


def _settings(results: Mapping[str, Any]) -> dict[str, Any]:
    """What a run depended on: its configuration, and the versions of the packages."""
    return {**results["configuration"], **results.get("versions", {})}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    keys = [*before, *(key for key in after if key not in before)]
    return {key: [before.get(key), after.get(key)] for key in keys if before.get(key) != after.get(key)}


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(repr(name) for name in names[:_LISTED]) + more

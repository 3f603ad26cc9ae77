"""RAGAS's metrics that ask no language model, and sacreBLEU's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from norm_aware.benchmark.awaiting import await_in_thread
from norm_aware.benchmark.metrics.measured import measured
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.overlap_measures import bleu, chrf
from norm_aware.benchmark.metrics.ragas_embeddings import Embed, ragas_embeddings
from norm_aware.benchmark.metrics.ragas_import import require_ragas
from norm_aware.benchmark.metrics.score import Sample, Score


class JudgeFreeMetrics:
    """RAGAS's metrics that ask no language model, as scores with a finite value or a reason.

    With several references the best counts. Where nothing was retrieved, both context metrics are 0:
    RAGAS calls its precision undefined there, and a system could gain by retrieving nothing.

    Args:
        embed: for `semantic_similarity`, which is left out without it.
        names: which of the metrics are measured, others are overlooked; None measures the usual ones.

    Attributes:
        names: those that are measured.

    Raises:
        MissingExtraError: when ragas, or what these metrics need, is not installed.
    """

    def __init__(self, embed: Embed | None = None, *, names: Iterable[str] | None = None) -> None:
        require_ragas()
        chosen = {m.name for m in METRICS.values() if m.default} if names is None else set(names)
        self._of_contexts = {n: metric for n, metric in _by_ids().items() if n in chosen}
        self._of_answer = {n: metric for n, metric in _by_words().items() if n in chosen}
        if embed is not None and "semantic_similarity" in chosen:
            from ragas.metrics.collections import SemanticSimilarity

            self._of_answer["semantic_similarity"] = SemanticSimilarity(embeddings=ragas_embeddings(embed))
        self._overlap = {n: measure for n, measure in (("bleu", bleu), ("chrf", chrf)) if n in chosen}
        self.names = (*self._of_contexts, *self._of_answer, *self._overlap)

    def score(self, sample: Sample) -> list[Score]:
        """A score for each metric that applies to the sample.

        Returns:
            Context metrics where the sample has `relevant_ids`, answer metrics where it has references. A
            metric that fails gives a score without a value; nothing is raised.
        """
        return await_in_thread(self._score(sample))  # RAGAS is asynchronous throughout

    async def _score(self, sample: Sample) -> list[Score]:
        calls: dict[str, Callable[[], Awaitable[float]]] = {}
        if sample.relevant_ids:
            calls |= {name: partial(_by_id, metric, sample) for name, metric in self._of_contexts.items()}
        if sample.references:
            calls |= {name: partial(_best, metric, sample) for name, metric in self._of_answer.items()}
            calls |= {name: partial(_overlap, measure, sample) for name, measure in self._overlap.items()}
        return [await measured(name, call, _plainly) for name, call in calls.items()]


def _by_ids() -> dict[str, Any]:
    with warnings.catch_warnings():
        # these two exist in RAGAS's older API alone, which announces its end
        warnings.filterwarnings("ignore", "Importing IDBased", DeprecationWarning)
        from ragas.metrics import IDBasedContextPrecision, IDBasedContextRecall
    return {"context_precision_id": IDBasedContextPrecision(), "context_recall_id": IDBasedContextRecall()}


def _by_words() -> dict[str, Any]:
    from ragas.metrics import collections as ragas

    return {
        "exact_match": ragas.ExactMatch(),
        "string_presence": ragas.StringPresence(),
        "string_similarity": ragas.NonLLMStringSimilarity(),
        "rouge_l": ragas.RougeScore(rouge_type="rougeL", mode="fmeasure"),
    }


async def _by_id(metric: Any, sample: Sample) -> float:
    from ragas.dataset_schema import SingleTurnSample

    retrieved, relevant = list(sample.context_ids), list(sample.relevant_ids)
    ids = SingleTurnSample(retrieved_context_ids=retrieved, reference_context_ids=relevant)
    return float(await metric.single_turn_ascore(ids)) if retrieved else 0.0


async def _best(metric: Any, sample: Sample) -> float:
    values = [(await metric.ascore(reference=r, response=sample.answer)).value for r in sample.references]
    return math.nan if any(map(math.isnan, values)) else max(values)


async def _overlap(measure: Callable[[str, Sequence[str]], float], sample: Sample) -> float:
    return measure(sample.answer, sample.references)


def _plainly(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]

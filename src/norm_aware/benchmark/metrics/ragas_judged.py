"""RAGAS's metrics that ask a language model, each for itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from importlib import metadata
from typing import Any

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.metrics.answer_measures import squad_f1
from norm_aware.benchmark.metrics.judge_session import JudgeSession, require_repeats
from norm_aware.benchmark.metrics.measured import measured
from norm_aware.benchmark.metrics.metric import EMBEDDINGS, METRICS, REFERENCES
from norm_aware.benchmark.metrics.ragas_embeddings import Embed, ragas_embeddings
from norm_aware.benchmark.metrics.ragas_hearing import Hearing
from norm_aware.benchmark.metrics.ragas_import import ragas_llm, require_ragas
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.errors import BenchmarkError

JUDGE_TOKENS = 4096
"""Least room for a judge's reply: a verdict that is cut off cannot be read."""

_JUDGED = tuple(m.name for m in METRICS.values() if m.kind == "judged" and m.name != "pairwise")
_OF_CONTEXTS = ("llm_context_precision", "llm_context_recall", "context_entity_recall")


class JudgedMetrics:
    """RAGAS's metrics that ask a language model, as scores with a finite value or a reason.

    `factual_correctness` and `answer_accuracy` compare with the reference closest to the answer (by SQuAD
    F1), the others with the first, so that systems that answer differently are held against the same one.
    The three that look at contexts and not at the answer are 0 where nothing was retrieved.

    Args:
        config: the judge; a `max_tokens` below `JUDGE_TOKENS` is raised to it.
        embed: for `answer_relevancy`, which is left out without it.
        embed_name: what tells this `embed` from another, for the fingerprint.
        names: which of the metrics are asked for, others are overlooked; None asks for the usual ones.
        repeats: how often each is asked, with seeds of its own.
        reasons: whether the judge gives its reasons; without them it is several times faster.
        concurrency: metrics judged at once; each has one request in flight.
        timeout: seconds for one metric of one sample, all its requests and retries included.

    Attributes:
        config: the judge as it is asked.
        names: the metrics that are asked for.
        repeats: as given.
        fingerprint: hash of everything that changes a verdict; not the number of repeats.

    Raises:
        BenchmarkError: when repeats are asked of a judge at temperature 0, which says the same each time.
        LLMError: when the endpoint cannot be used as configured.
        MissingExtraError: when ragas, or what these metrics need, is not installed.
    """

    def __init__(
        self,
        config: LLMConfig,
        embed: Embed | None,
        *,
        embed_name: str = "",
        names: Iterable[str] | None = None,
        repeats: int = 1,
        reasons: bool = True,
        concurrency: int = 4,
        timeout: float = 300.0,
    ) -> None:
        require_ragas()
        require_repeats(config, repeats)
        self.config = replace(config, max_tokens=max(config.max_tokens, JUDGE_TOKENS))
        self.fingerprint = self.config.fingerprint("ragas", metadata.version("ragas"), embed_name, reasons, 2)
        chosen = {m.name for m in METRICS.values() if m.default} if names is None else set(names)
        lacking = {m.name for m in METRICS.values() if EMBEDDINGS in m.needs and embed is None}
        self.names = tuple(name for name in _JUDGED if name in chosen - lacking)
        self.repeats = repeats
        self.reasons = reasons
        self._embeddings: Any = ragas_embeddings(embed) if embed is not None else None
        self._session = JudgeSession(self.config, concurrency=concurrency, timeout=timeout)

    def applies(self, name: str, sample: Sample) -> bool:
        """Whether the metric can be asked for this sample: references it needs are there."""
        return bool(sample.references) or REFERENCES not in METRICS[name].needs

    async def judge(self, name: str, sample: Sample, *, repeat: int = 0) -> Score:
        """One metric of a sample, asked once.

        Args:
            name: one of `names`.
            sample: what is judged.
            repeat: which time this is, from 0.

        Returns:
            Its score. A call that fails, runs out of time or returns no usable number gives one without a
            value, and a one-line reason that never holds the key; nothing is raised.
        """
        turn, chat = self._session.enter()
        hearing = Hearing(chat, repeat=repeat, reasons=self.reasons)
        async with turn:
            score = await measured(name, partial(self._value, name, sample, hearing), self._session.explain)
        return replace(score, explanation=hearing.explanation, usage=hearing.usage)

    async def aclose(self) -> None:
        """Close the connection of the running event loop."""
        await self._session.aclose()

    async def _value(self, name: str, sample: Sample, hearing: Hearing) -> float:
        if name in _OF_CONTEXTS and not sample.contexts:
            return 0.0
        metric, fields = self._metric(name, sample, ragas_llm(hearing.ask))
        found = await self._session.in_time(metric.ascore(**fields))
        if hearing.failure is not None:  # of two gradings one may have failed, and RAGAS takes the other
            raise hearing.failure
        if name == "context_entity_recall" and not hearing.replies[0]["entities"]:
            raise ValueError("the judge found no entity in the gold answer")
        return 1 - float(found.value) if name == "noise_robustness" else float(found.value)

    def _metric(self, name: str, sample: Sample, judge: Any) -> tuple[Any, dict[str, Any]]:
        """RAGAS's metric and what it is given."""
        from ragas.metrics import collections as ragas

        question, answer = {"user_input": sample.question}, {"response": sample.answer}
        contexts = {"retrieved_contexts": list(sample.contexts)}
        first = {"reference": next(iter(sample.references), "")}
        closest = {
            "reference": max(sample.references, key=lambda text: squad_f1(sample.answer, [text]), default="")
        }
        match name:
            case "faithfulness":
                return ragas.Faithfulness(llm=judge), question | answer | contexts
            case "answer_relevancy":
                embeddings: Any = self._embeddings
                return ragas.AnswerRelevancy(llm=judge, embeddings=embeddings), question | answer
            case "factual_correctness":
                return ragas.FactualCorrectness(llm=judge), answer | closest
            case "answer_accuracy":  # it would swallow errors and ask again
                return ragas.AnswerAccuracy(llm=judge, max_retries=1), question | answer | closest
            case "llm_context_precision":
                return ragas.ContextPrecision(llm=judge), question | contexts | first
            case "llm_context_recall":
                return ragas.ContextRecall(llm=judge), question | contexts | first
            case "context_entity_recall":
                return ragas.ContextEntityRecall(llm=judge), contexts | first
            case "noise_robustness":
                return ragas.NoiseSensitivity(llm=judge), question | answer | contexts | first
        raise BenchmarkError(f"There is no judged metric {name!r}; choose from {', '.join(_JUDGED)}.")

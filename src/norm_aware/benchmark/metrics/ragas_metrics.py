"""RAGAS's metrics as scores that are either a finite number or the reason why there is none.

The one file that imports ragas, and only when a class is constructed: it takes seconds, and reports its use
to its makers unless told not to.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import math
import os
import time
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ValidationError

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.metrics.answer_measures import squad_f1
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.errors import MissingExtraError

DESCRIPTIONS: dict[str, tuple[str, str]] = {
    "context_precision_id": ("retrieval", "share of the answer's documents that are relevant (RAGAS)"),
    "context_recall_id": ("retrieval", "share of the relevant documents that the answer was given (RAGAS)"),
    "exact_match": ("answer", "1 if the answer equals a gold answer character for character, else 0 (RAGAS)"),
    "string_presence": ("answer", "1 if a gold answer stands in the answer word for word, else 0 (RAGAS)"),
    "string_similarity": ("answer", "1 less the share of characters to edit to a gold answer (RAGAS)"),
    "rouge_l": ("answer", "longest sequence of words in common with a gold answer, F-measure (RAGAS)"),
    "semantic_similarity": ("answer", "cosine of the embeddings of the answer and a gold answer (RAGAS)"),
    "faithfulness": ("judged", "share of the answer's statements that its documents support (RAGAS)"),
    "answer_relevancy": ("judged", "how close this question is to those the answer would suit (RAGAS)"),
    "factual_correctness": ("judged", "claims the answer and the gold answer share, F1 (RAGAS)"),
    "llm_context_precision": ("judged", "how high the useful ones of the answer's documents stand (RAGAS)"),
    "llm_context_recall": ("judged", "share of the gold answer that the answer's documents support (RAGAS)"),
}
"""Every measure of this file: its kind (retrieval, answer, judged) and what it says."""

JUDGE_TOKENS = 4096
"""Least room for a judge's reply: a verdict that is cut off cannot be read."""

Embed = Callable[[list[str]], ArrayLike]
"""Embeds n texts as an array of shape (n, dimension); not with the encoder under test."""

_Call = Callable[[], Awaitable[float]]
_PARSE_RETRIES = 1  # times a judge is told what was wrong with the form of its reply
_LEAST = {"semantic_similarity": -1.0, "answer_relevancy": -1.0}  # cosines; all else begins at 0
_ROUNDING = 1e-6
_CACHED_TEXTS = 4096


class JudgeFreeMetrics:
    """RAGAS's metrics that ask no language model.

    With several references the best counts. Where nothing was retrieved, both context metrics are 0:
    RAGAS calls its precision undefined there, and a system could gain by retrieving nothing.

    Args:
        embed: for `semantic_similarity`, which is left out without it.

    Raises:
        MissingExtraError: when ragas, or what these metrics need, is not installed.
    """

    def __init__(self, embed: Embed | None = None) -> None:
        _require_ragas()
        from ragas.metrics.collections import (
            ExactMatch,
            NonLLMStringSimilarity,
            RougeScore,
            SemanticSimilarity,
            StringPresence,
        )

        with warnings.catch_warnings():
            # these two exist in RAGAS's older API alone, which announces its end
            warnings.filterwarnings("ignore", "Importing IDBased", DeprecationWarning)
            from ragas.metrics import IDBasedContextPrecision, IDBasedContextRecall
        precision, recall = IDBasedContextPrecision(), IDBasedContextRecall()
        self._of_contexts = {"context_precision_id": precision, "context_recall_id": recall}
        self._of_answer = {
            "exact_match": ExactMatch(),
            "string_presence": StringPresence(),
            "string_similarity": NonLLMStringSimilarity(),
            "rouge_l": RougeScore(rouge_type="rougeL", mode="fmeasure"),
        }
        if embed is not None:
            self._of_answer["semantic_similarity"] = SemanticSimilarity(embeddings=_embeddings(embed))

    def score(self, sample: Sample) -> list[Score]:
        """A score for each metric that applies to the sample.

        Returns:
            Context metrics where the sample has `relevant_ids`, answer metrics where it has references. A
            metric that fails gives a score without a value; nothing is raised.
        """
        # RAGAS is asynchronous throughout, and a notebook's thread runs a loop already
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._score(sample)).result()

    async def _score(self, sample: Sample) -> list[Score]:
        calls: dict[str, _Call] = {}
        if sample.relevant_ids:
            calls |= {name: partial(_by_id, metric, sample) for name, metric in self._of_contexts.items()}
        if sample.references:
            calls |= {name: partial(_best, metric, sample) for name, metric in self._of_answer.items()}
        return [await _measure(name, call, _plainly) for name, call in calls.items()]


class JudgedMetrics:
    """RAGAS's metrics that ask a language model.

    `factual_correctness` compares with the reference closest to the answer (by SQuAD F1),
    `llm_context_precision` and `llm_context_recall` with the first reference, so that systems that answer
    differently are held against the same one; these two are 0 where nothing was retrieved.

    Args:
        config: the judge; a `max_tokens` below `JUDGE_TOKENS` is raised to it.
        embed: for `answer_relevancy`.
        embed_name: what tells this `embed` from another, for the fingerprint.
        concurrency: samples judged at once; each has one request in flight.
        timeout: seconds for one metric of one sample, all its requests and retries included.

    Attributes:
        config: the judge as it is asked.
        fingerprint: hash of everything that changes a verdict.

    Raises:
        LLMError: when the endpoint cannot be used as configured.
        MissingExtraError: when ragas, or what these metrics need, is not installed.
    """

    def __init__(
        self,
        config: LLMConfig,
        embed: Embed,
        *,
        embed_name: str = "",
        concurrency: int = 4,
        timeout: float = 300.0,
    ) -> None:
        _require_ragas()
        config.require_usable()  # a missing key shows now, not after hours of answering
        self.config = replace(config, max_tokens=max(config.max_tokens, JUDGE_TOKENS))
        self.fingerprint = self.config.fingerprint("ragas", metadata.version("ragas"), embed_name)
        self._asked = {name: getattr(self.config, name) for name in ("temperature", "seed", "max_tokens")}
        self._asked["max_retries"] = _PARSE_RETRIES
        self.concurrency = concurrency
        self.timeout = timeout
        self._embeddings = _embeddings(embed)
        self._gate: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        # it logs why a call failed in the endpoint's own words, which may repeat the key
        logging.getLogger("instructor").setLevel(logging.CRITICAL)

    async def score(self, sample: Sample) -> list[Score]:
        """A score for each judged metric that applies to the sample.

        Returns:
            All five where the sample has references, else `faithfulness` and `answer_relevancy`. A call that
            fails, runs out of time or returns no usable number gives a score without a value, and a one-line
            reason that never holds the key; nothing is raised.
        """
        import openai
        from ragas.llms import llm_factory

        options = self.config.client_options()
        async with self._turn():
            http = openai.DefaultAsyncHttpxClient(trust_env=False) if self.config.is_local else None
            async with openai.AsyncOpenAI(**options, http_client=http) as client:
                judge = llm_factory(self.config.model, client=client, **self._asked)
                calls = self._calls(sample, judge)
                return [await _measure(name, call, self._explain) for name, call in calls.items()]

    def _turn(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._gate is None or self._gate[0] is not loop:  # a semaphore belongs to one loop
            self._gate = (loop, asyncio.Semaphore(self.concurrency))
        return self._gate[1]

    def _calls(self, sample: Sample, judge: Any) -> dict[str, _Call]:
        from ragas.metrics import collections as ragas

        question, answer = {"user_input": sample.question}, {"response": sample.answer}
        contexts = {"retrieved_contexts": list(sample.contexts)}
        relevancy = ragas.AnswerRelevancy(llm=judge, embeddings=self._embeddings)
        calls: dict[str, _Call] = {
            "faithfulness": partial(self._ask, ragas.Faithfulness(llm=judge), question | answer | contexts),
            "answer_relevancy": partial(self._ask, relevancy, question | answer),
        }
        if not sample.references:
            return calls
        closest = {"reference": max(sample.references, key=lambda text: squad_f1(sample.answer, [text]))}
        calls["factual_correctness"] = partial(
            self._ask, ragas.FactualCorrectness(llm=judge), answer | closest
        )
        first = question | contexts | {"reference": sample.references[0]}
        precision, recall = ragas.ContextPrecision(llm=judge), ragas.ContextRecall(llm=judge)
        for name, metric in (("llm_context_precision", precision), ("llm_context_recall", recall)):
            calls[name] = partial(self._ask, metric, first) if sample.contexts else _nothing
        return calls

    async def _ask(self, metric: Any, fields: dict[str, Any]) -> float:
        return float((await asyncio.wait_for(metric.ascore(**fields), self.timeout)).value)

    def _explain(self, error: Exception) -> str:
        from instructor.core import IncompleteOutputException, InstructorRetryException

        if isinstance(error, InstructorRetryException) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        if isinstance(error, asyncio.TimeoutError):
            return f"timeout after {self.timeout:g} s"
        if isinstance(error, ValidationError):
            return f"{self.config} did not answer in the form that RAGAS asks for"
        if isinstance(error, IncompleteOutputException):
            return f"{self.config} was cut off after {self.config.max_tokens} tokens"
        if type(error) is ValueError:  # RAGAS's own, about the sample
            return self.config.redact(str(error))
        return self.config.explain(error)


async def _measure(name: str, call: _Call, explain: Callable[[Exception], str]) -> Score:
    started = time.perf_counter()
    value, reason, least = None, None, _LEAST.get(name, 0.0)
    try:
        found = await call()
    except Exception as error:
        reason = explain(error)
    else:
        if least - _ROUNDING <= found <= 1 + _ROUNDING:
            value = min(1.0, max(least, found))
        else:  # also where it is not a number
            reason = f"RAGAS returned {found:g}, which is not between {least:g} and 1"
    return Score(name, value, reason, round(time.perf_counter() - started, 4))


def _plainly(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


async def _by_id(metric: Any, sample: Sample) -> float:
    from ragas.dataset_schema import SingleTurnSample

    retrieved, relevant = list(sample.context_ids), list(sample.relevant_ids)
    ids = SingleTurnSample(retrieved_context_ids=retrieved, reference_context_ids=relevant)
    return float(await metric.single_turn_ascore(ids)) if retrieved else 0.0


async def _best(metric: Any, sample: Sample) -> float:
    values = [(await metric.ascore(reference=r, response=sample.answer)).value for r in sample.references]
    return math.nan if any(map(math.isnan, values)) else max(values)


async def _nothing() -> float:
    return 0.0


def _embeddings(embed: Embed) -> Any:
    """`embed` in the shape of RAGAS's embeddings; a text that occurs again is not embedded again."""
    from ragas.embeddings.base import BaseRagasEmbedding

    @lru_cache(_CACHED_TEXTS)
    def vector(text: str) -> tuple[float, ...]:
        found = np.asarray(embed([text]), dtype=np.float64).reshape(-1)
        if not 0 < float(np.linalg.norm(found)) < math.inf:
            raise ValueError(f"the embedding of {text[:40]!r} has no direction")
        return tuple(found.tolist())

    class Embeddings(BaseRagasEmbedding):
        def embed_text(self, text: str, **_: Any) -> list[float]:
            return list(vector(text))

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return list(vector(text))

    return Embeddings()


def _require_ragas() -> None:
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    for name in ("ragas", "openai", "rapidfuzz", "rouge_score"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f'RAGAS\'s metrics need {name}; install it with pip install "norm-aware[benchmark]".'
            )
    try:
        import ragas  # noqa: F401
    except ImportError as error:
        # langchain-community 0.4.2 dropped a module that ragas 0.4.3 imports
        cure = "; install langchain-community==0.4.1 with pip" if "vertexai" in str(error) else ""
        raise MissingExtraError(f"ragas cannot be imported ({error}){cure}.") from error

"""The models a benchmark runs with: the encoder under test, what answers and what judges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from norm_aware import offline
from norm_aware.benchmark.collect import Answerer
from norm_aware.benchmark.llms.llm import PROMPT, open_llm
from norm_aware.benchmark.metrics.ragas_metrics import Embed, JudgedMetrics, JudgeFreeMetrics
from norm_aware.benchmark.metrics.scoring import Judge, SampleMetrics
from norm_aware.errors import MissingExtraError
from norm_aware.llamaindex.embedding import RawEmbedding


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a run.

    Attributes:
        embedding: the encoder under test.
        metrics: judge-free metrics.
        llm: answers the questions; None measures retrieval only.
        judge: judges the answers; None leaves judged metrics out.
    """

    embedding: RawEmbedding
    metrics: SampleMetrics
    llm: Answerer | None = None
    judge: Judge | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A language model as a user names it.

    Attributes:
        name: "smollm2" for the packaged one, a path that ends in .gguf, or a model's name at an endpoint.
        base_url: OpenAI-compatible endpoint; None is OpenAI's own, unless the name is one of the first two.
        api_key: key of the endpoint.
    """

    name: str
    base_url: str | None = None
    api_key: SecretStr | None = None


@contextmanager
def open_models(
    embedding: RawEmbedding,
    *,
    llm: ModelSpec | None,
    judge: ModelSpec | None = None,
    answer_tokens: int = 48,
    context_budget: int = 2400,
    timeout: float = 120.0,
    seed: int = 0,
) -> Iterator[tuple[Models, dict[str, Any]]]:
    """Start or connect to the models of a run, and stop what was started.

    Semantic similarity is embedded by the packaged static encoder, never by the encoder under test; where
    it is not installed that metric is left out.

    Args:
        embedding: the encoder under test.
        llm: answers the questions; None measures retrieval only.
        judge: judges the answers; None leaves judged metrics out.
        answer_tokens: longest answer, in tokens.
        context_budget: longest prompt, in characters.
        timeout: seconds one request may take.
        seed: of the sampling.

    Returns:
        The models, and what the report's configuration says of them; no secrets.

    Raises:
        LLMError: when a model cannot be started or used as given.
        MissingExtraError: when what a model needs is not installed.
    """
    notes: dict[str, Any] = {"llm": None, "judge": None}
    with ExitStack() as stack:
        embed = _second_encoder(needed=judge is not None)
        notes["semantic_similarity_encoder"] = "wordllama l2_supercat_256" if embed else None
        answerer = verdicts = None
        if llm is not None:
            answerer = stack.enter_context(
                open_llm(
                    llm.name,
                    base_url=llm.base_url,
                    api_key=llm.api_key,
                    max_tokens=answer_tokens,
                    context_budget=context_budget,
                    timeout=timeout,
                    seed=seed,
                )
            )
            notes["llm"] = answerer.config.model
            notes |= {
                "answer_tokens": answer_tokens,
                "context_budget": context_budget,
                "prompt": dict(PROMPT),
            }
        if judge is not None and embed is not None:
            opened = stack.enter_context(
                open_llm(
                    judge.name, base_url=judge.base_url, api_key=judge.api_key, timeout=timeout, seed=seed
                )
            )
            embedded = judge.base_url is None and opened.config.is_local
            verdicts = JudgedMetrics(
                opened.config,
                embed,
                embed_name="wordllama",
                concurrency=1 if embedded else 4,
                timeout=3 * timeout,
            )
            notes["judge"] = opened.config.model
        yield Models(embedding, JudgeFreeMetrics(embed), answerer, verdicts), notes


def _second_encoder(*, needed: bool) -> Embed | None:
    try:
        encoder = offline.static_encoder()
    except MissingExtraError:
        if needed:  # RAGAS's answer relevancy cannot do without
            raise
        return None
    return lambda texts: encoder.encode(texts, show_progress_bar=False)

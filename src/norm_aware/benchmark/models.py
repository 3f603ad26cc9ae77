"""The models a benchmark runs with: the encoder under test, what answers and what judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from norm_aware import offline
from norm_aware.benchmark.judging.trust import require_independent_judge
from norm_aware.benchmark.llms.answers import Answerer
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llm import LLM
from norm_aware.benchmark.llms.model_spec import ModelSpec as ModelSpec
from norm_aware.benchmark.llms.model_spec import open_config
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.metrics.judged_run import Judge
from norm_aware.benchmark.metrics.pairwise import MEASURE, PairwiseJudge
from norm_aware.benchmark.metrics.ragas_embeddings import Embed
from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics
from norm_aware.benchmark.metrics.ragas_judged import JUDGE_TOKENS, JudgedMetrics
from norm_aware.benchmark.metrics.scoring import SampleMetrics
from norm_aware.benchmark.systems.encoder import Encoder

if TYPE_CHECKING:
    from norm_aware.llamaindex.embedding import RawEmbedding


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a run.

    Attributes:
        embedding: the encoder under test.
        metrics: judge-free metrics.
        llm: answers the questions of systems that name no model; None measures retrieval only.
        judge: judges the answers; None leaves judged metrics out.
        llms: further models that answer, by the names that systems call them.
        pairwise: compares answers with the baseline's; None leaves that out.
        judging: the model that judges, as it is asked.
    """

    embedding: RawEmbedding | Encoder
    metrics: SampleMetrics
    llm: Answerer | None = None
    judge: Judge | None = None
    llms: Mapping[str, Answerer] = field(default_factory=dict)
    pairwise: PairwiseJudge | None = None
    judging: LLMConfig | None = None


@contextmanager
def open_models(
    embedding: RawEmbedding | Encoder,
    *,
    llm: ModelSpec | None,
    judge: ModelSpec | None = None,
    llms: Mapping[str, ModelSpec] | None = None,
    same_judge: bool = False,
    metrics: Sequence[str] | None = None,
    judge_repeats: int = 1,
    judge_reasons: bool = True,
    answer_tokens: int = 48,
    context_budget: int = 2400,
    timeout: float = 120.0,
    seed: int = 0,
) -> Iterator[tuple[Models, dict[str, Any]]]:
    """The models of a run, each started by its first call and stopped at the end.

    Semantic similarity is embedded by the packaged static encoder, never by the encoder under test; where
    it is not installed that metric is left out.

    Args:
        embedding: the encoder under test.
        llm: answers the questions of systems that name no model; None leaves it to the first of `llms`.
        judge: judges the answers; None leaves judged metrics out.
        llms: further models that answer, by the names that systems call them.
        same_judge: let a model judge its own answers, which it is known to prefer.
        metrics: what is measured, as `require_metrics` returns it; None measures the usual ones.
        judge_repeats: how often each verdict is asked for; more than once needs a temperature above 0.
        judge_reasons: whether the judge gives its reasons; without them it is several times faster.
        answer_tokens: longest answer, in tokens.
        context_budget: longest prompt, in characters.
        timeout: seconds one request may take.
        seed: of the sampling.

    Returns:
        The models, and what the report's configuration says of them; no secrets.

    Raises:
        BenchmarkError: when the judge is one of the models that answer.
        LLMError: when a model cannot be used as given.
        MissingExtraError: when what a model needs is not installed.
    """
    notes: dict[str, Any] = {"llm": None, "judge": None}
    with ExitStack() as stack:
        embed = _second_encoder(needed=judge is not None and "answer_relevancy" in (metrics or ()))
        notes["semantic_similarity_encoder"] = "wordllama l2_supercat_256" if embed else None

        def answerer(spec: ModelSpec) -> LLM:
            config = open_config(
                spec,
                max_tokens=answer_tokens,
                context_budget=context_budget,
                timeout=timeout,
                seed=seed,
            )
            return LLM(stack.enter_context(config))

        first = answerer(llm) if llm is not None else None
        # one model by two names is one connection, and one server
        opened: list[tuple[ModelSpec | None, LLM | None]] = [(llm, first)]
        named: dict[str, LLM] = {}
        for name, spec in (llms or {}).items():
            known = next((model for other, model in opened if other == spec), None)
            named[name] = known or answerer(spec)
            opened.append((spec, named[name]))
        if first is not None or named:
            main = first or next(iter(named.values()))
            notes |= {
                "llm": main.config.model,
                "answer_tokens": answer_tokens,
                "context_budget": context_budget,
                "prompt": asdict(Prompt()),
            }
        if named:
            notes["llms"] = {name: opened.config.model for name, opened in named.items()}
        verdicts = pairwise = config = None
        if judge is not None:
            config = stack.enter_context(
                open_config(judge, max_tokens=JUDGE_TOKENS, timeout=timeout, seed=seed, reuse_prompts=True)
            )
            answering = [first, *named.values()] if first else list(named.values())
            require_independent_judge(config, [each.config for each in answering], allow=same_judge)
            asked: dict[str, Any] = {"repeats": judge_repeats, "concurrency": config.concurrency}
            verdicts = JudgedMetrics(
                config,
                embed,
                embed_name="wordllama",
                names=metrics,
                reasons=judge_reasons,
                timeout=3 * timeout,
                **asked,
            )
            if MEASURE in (metrics or ()):
                pairwise = PairwiseJudge(config, timeout=3 * timeout, **asked)
            notes["judge"] = config.model
        free = JudgeFreeMetrics(embed, names=metrics)
        yield Models(embedding, free, first, verdicts, named, pairwise, config), notes


def _second_encoder(*, needed: bool) -> Embed | None:
    if find_spec("wordllama") is None:
        if needed:  # RAGAS's answer relevancy cannot do without
            offline.static_encoder()  # which says what is missing
        return None
    encoder = cache(offline.static_encoder)  # loaded with the first text
    return lambda texts: encoder().encode(texts, show_progress_bar=False)

"""What a plan will cost at most, from the lengths of its texts, before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import fmean

from norm_aware.benchmark.datasets.dataset import Dataset, Query
from norm_aware.benchmark.judging.calls import planned_calls
from norm_aware.benchmark.judging.check import REPEATS
from norm_aware.benchmark.llms.model_spec import CONCURRENCY
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.metrics.requirements import require_metrics
from norm_aware.benchmark.plan.entries import LLMEntry
from norm_aware.benchmark.plan.plan import Plan
from norm_aware.benchmark.systems.ranker import ranking_fingerprint
from norm_aware.benchmark.systems.system import System

CHARACTERS_PER_TOKEN = 4
"""Of English, about."""

READ_PER_SECOND, WRITTEN_PER_SECOND = 120, 35
"""Tokens a second of a model of half a billion parameters served here on two cores, about."""

SECONDS_A_CALL = 1.5
"""Of an endpoint, about."""

_INSTRUCTIONS = 3000  # characters of RAGAS's prompt and examples around what is judged
_VERDICT_TOKENS = 200  # that a judge writes for one request, about


@dataclass(frozen=True, slots=True)
class Work:
    """What a model is asked to do.

    Attributes:
        what: answers, or the metric that is judged.
        llm: the model, by its name in the plan.
        calls: requests, at most.
        prompt_tokens: tokens sent, about.
        completion_tokens: tokens written, about.
        seconds: how long that takes, about: by its rate limit where it has one that is slower than its like.
        cost: of its tokens; None where no price is known.
    """

    what: str
    llm: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan will take, at most.

    Attributes:
        queries: that are asked.
        answered: of these, that are answered.
        documents: that are embedded, unless they are already.
        work: of language models.
    """

    queries: int
    answered: int
    documents: int
    work: tuple[Work, ...]

    @property
    def calls(self) -> int:
        """Requests to language models, at most."""
        return sum(work.calls for work in self.work)

    @property
    def tokens(self) -> int:
        """Tokens sent and written, about."""
        return sum(work.prompt_tokens + work.completion_tokens for work in self.work)

    @property
    def cost(self) -> float | None:
        """Price of all that has one; None where nothing has."""
        known = [work.cost for work in self.work if work.cost is not None]
        return sum(known) if known else None

    @property
    def seconds(self) -> float:
        """How long it takes, about, one model after the other."""
        return sum(work.seconds for work in self.work)


def estimate(plan: Plan, dataset: Dataset, systems: Sequence[System]) -> Estimate:
    """What a plan will take at most: systems that find the same contexts share an answer.

    Args:
        plan: the plan.
        dataset: what it asks.
        systems: what it compares, as they are built, further ones it scores too included.

    Raises:
        BenchmarkError: when a metric is unknown, or lacks something.
    """
    queries = dataset.sample(plan.limit, seed=plan.seed)
    asked = queries[: plan.answer_limit] if plan.answerers else ()
    first = next(iter(plan.llms), "")
    distinct = {_key(system, system.llm or first): system for system in systems}
    texts = [len(document.content) for document in dataset.documents]
    length = fmean(texts) if texts else 0.0
    work = [
        _answers(plan, llm, [s for s in distinct.values() if (s.llm or first) == llm], asked, length)
        for llm in dict.fromkeys(s.llm or first for s in distinct.values())
        if asked
    ]
    judged = judged_metrics(plan, dataset)
    work += [_verdicts(plan, metric, list(distinct.values()), asked, length) for metric in judged]
    if judged and plan.judge is not None and plan.judge.check == "auto":
        work.append(_check(plan.judge.model, plan.llms[plan.judge.model]))
    return Estimate(len(queries), len(asked), len(dataset.documents), tuple(work))


def metrics_of(plan: Plan, dataset: Dataset) -> tuple[str, ...]:
    """What a plan measures, each with everything it needs.

    Raises:
        BenchmarkError: when a metric is unknown, or lacks something.
    """
    return require_metrics(
        plan.metrics,
        dataset,
        answers=bool(plan.answerers),
        judge=plan.judge is not None,
        embeddings=find_spec("wordllama") is not None,
        systems=len(plan.systems),
    )


def judged_metrics(plan: Plan, dataset: Dataset) -> list[str]:
    """What of a plan's measures asks the judge; nothing where nothing is answered."""
    judged = [metric for metric in metrics_of(plan, dataset) if METRICS[metric].kind == "judged"]
    return [] if plan.judge is None or plan.answer_limit == 0 else judged


def _answers(plan: Plan, llm: str, systems: Sequence[System], asked: Sequence[Query], length: float) -> Work:
    calls = prompt = 0
    for system in systems:
        words = len(system.prompt.system) + len(system.prompt.user)
        for query in asked:
            sent = min(plan.context_budget, words + len(query.text) + system.context_k * length)
            calls += 1 + plan.answer_repeats
            prompt += (1 + plan.answer_repeats) * round(sent / CHARACTERS_PER_TOKEN)
    return _work("answers", llm, plan.llms[llm], calls, prompt, calls * plan.answer_tokens)


def _verdicts(
    plan: Plan, metric: str, systems: Sequence[System], asked: Sequence[Query], length: float
) -> Work:
    judge = plan.judge
    assert judge is not None  # noqa: S101  # what calls this has a judge
    calls = prompt = 0
    for system in systems:
        each = METRICS[metric].judge_calls(system.context_k) * judge.repeats
        # a metric that asks of each context shows one at a time, and the judge sees what the model saw
        shown = min(
            plan.context_budget, length * (1 if METRICS[metric].asks_per_context else system.context_k)
        )
        for query in asked[: judge.limit]:
            calls += each
            prompt += each * round((_INSTRUCTIONS + len(query.text) + shown) / CHARACTERS_PER_TOKEN)
    return _work(metric, judge.model, plan.llms[judge.model], calls, prompt, calls * _VERDICT_TOKENS)


def _check(llm: str, entry: LLMEntry) -> Work:
    """Of a judge that was not checked before."""
    calls = planned_calls(REPEATS)
    sent = sum(len(str(message["content"])) for call in calls for message in call.messages)
    return _work("check of the judge", llm, entry, len(calls), sent // CHARACTERS_PER_TOKEN, 8 * len(calls))


def _work(what: str, llm: str, entry: LLMEntry, calls: int, prompt: int, completion: int) -> Work:
    price = entry.price
    return Work(
        what,
        llm,
        calls,
        prompt,
        completion,
        seconds=_seconds(entry, calls, prompt, completion),
        cost=(prompt * price.prompt + completion * price.completion) / 1e6 if price else None,
    )


def _seconds(entry: LLMEntry, calls: int, prompt: int, completion: int) -> float:
    if entry.gguf is not None or entry.is_packaged:
        likely = prompt / READ_PER_SECOND + completion / WRITTEN_PER_SECOND
    else:
        likely = calls * SECONDS_A_CALL / (entry.concurrency or CONCURRENCY)
    rate = entry.requests_per_minute
    return max(likely, 60 * calls / rate if rate else 0.0)


def _key(system: System, llm: str) -> tuple[object, ...]:
    ranking = ranking_fingerprint(system, dataset="", encoder=("", ""))
    return ranking, llm, system.context_k, system.prompt.digest

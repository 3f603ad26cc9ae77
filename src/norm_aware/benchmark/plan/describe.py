"""A plan as text: what it will do, and what it will take, for whoever pays for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from norm_aware.benchmark.plan.entries import LLMEntry, SystemEntry
from norm_aware.benchmark.plan.estimate import Estimate, Work
from norm_aware.benchmark.plan.plan import Plan


def describe(plan: Plan, estimate: Estimate, out: Path) -> str:
    """The resolved plan, and what it takes at most.

    Args:
        plan: the plan.
        estimate: of it.
        out: folder of the run.
    """
    entries = plan.entries
    lines = [
        f"Plan: {plan.dataset}, {estimate.queries} questions, {estimate.answered} of them answered, over "
        f"{estimate.documents:,} documents embedded by {plan.encoder}, into {out} (seed {plan.seed}).",
        *(
            f"  {'baseline ' if entry is entries[0] else 'candidate'} {_system(entry, plan)}"
            for entry in entries
        ),
        *(f"  model {name}: {_model(entry)}" for name, entry in plan.llms.items()),
    ]
    if plan.judge is not None:
        lines.append(f"  judge {plan.judge.model}, {_times(plan.judge.repeats)} an answer")
    if plan.metrics is not None:
        lines.append(f"  metrics {', '.join(plan.metrics)}")
    lines.append(f"  compared {_compared(plan)}")
    lines += [f"  gate {gate}" for gate in plan.gate]
    lines.append("At most, less what is in that folder already:" if estimate.work else "No model is asked.")
    lines += [f"  {_work(work)}" for work in estimate.work]
    if len(estimate.work) > 1:
        total = f"{estimate.calls:,} calls, about {estimate.tokens:,} tokens"
        lines.append(f"  in all {total}{_price(estimate.cost)}{_time(estimate.seconds)}")
    return "\n".join(lines)


def _system(entry: SystemEntry, plan: Plan) -> str:
    parts = [f"{entry.label}:", entry.retriever]
    if entry.similarity:
        parts.append(f"of {entry.similarity} (alpha {entry.alpha:g})")
    if entry.calibration:
        parts.append(f"by {entry.calibration}")
    if not entry.exact:
        parts.append("through its index")
    if entry.reranker:
        parts.append(f"then {entry.reranker} over {entry.rerank_depth}")
    answers = plan.answerers.get(entry.label)
    if answers is not None:
        own = " with a prompt of its own" if entry.prompt.model_fields_set else ""
        parts.append(f"answered by {answers} from {entry.k}{own}")
    return " ".join(parts)


def _model(entry: LLMEntry) -> str:
    parts = [entry.label]
    if entry.api_key_env:
        parts.append(f"key from {entry.api_key_env}{' (not set)' if entry.key_is_missing else ''}")
    if entry.concurrency:
        parts.append(f"{entry.concurrency} calls at once")
    if entry.requests_per_minute:
        parts.append(f"{entry.requests_per_minute:g} calls a minute")
    return ", ".join(parts)


def _compared(plan: Plan) -> str:
    correction = {"holm": "Holm's", "fdr": "the false discovery rate's"}[plan.compare.correction]
    parts = [f"by {correction} correction", f"margin {plan.compare.margin:g}"]
    if plan.compare.cluster:
        parts.append("questions that share a document together")
    if plan.attribution:
        parts.append("with what lies between baseline and candidates")
    return ", ".join(parts)


def _work(work: Work) -> str:
    tokens = f"about {work.prompt_tokens:,} + {work.completion_tokens:,} tokens"
    return (
        f"{work.what} by {work.llm}: {work.calls:,} calls, {tokens}{_price(work.cost)}{_time(work.seconds)}"
    )


def _price(cost: float | None) -> str:
    return "" if cost is None else f", {cost:,.2f} by their prices"


def _time(seconds: float) -> str:
    return f", about {timedelta(seconds=round(seconds))}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"

"""For which metrics a judge may be trusted, and that it is none of the models it judges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.errors import BenchmarkError

RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "faithfulness": ("support",),
    "answer_relevancy": ("relevancy",),
    "factual_correctness": ("support", "correctness"),
    "answer_accuracy": ("correctness",),
    "llm_context_precision": ("usefulness",),
    "llm_context_recall": ("support",),
    "noise_robustness": ("support", "correctness"),
    "context_entity_recall": ("support",),
    "pairwise": ("comparison",),
}
"""The tasks of the judge check that each judged metric's verdicts are made of, or come nearest to."""


def trusted_metrics(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Whether a judge is informative for each judged metric: on every task that the metric rests on.

    Args:
        tasks: of a judge check, each with `informative` and `why`.

    Returns:
        `{metric: {informative, why, tasks}}`; `why` is a sentence with figures.

    Example:
        >>> tasks = {"support": {"informative": False, "why": "On support it says yes to everything."}}
        >>> trusted_metrics(tasks)["faithfulness"]["informative"]
        False
    """
    found: dict[str, dict[str, Any]] = {}
    for metric, names in RESTS_ON.items():
        known = [tasks[name] for name in names if name in tasks]
        missing = [name for name in names if name not in tasks]
        bad = [task["why"] for task in known if not task["informative"]]
        bad += [f"The judge was not checked on {name}." for name in missing]
        found[metric] = {
            "informative": not bad,
            "why": " ".join(bad or [task["why"] for task in known]),
            "tasks": list(names),
        }
    return found


def uninformative_metrics(judge: Mapping[str, Any] | None) -> dict[str, str | None]:
    """The metrics that a judge's check found it no better than chance at, or does not cover, and why.

    Args:
        judge: with its `check`, as results.json holds it; one that was not checked is not accused.

    Example:
        >>> why = "On support it says yes to everything."
        >>> check = {"metrics": {"faithfulness": {"informative": False, "why": why}}}
        >>> found = uninformative_metrics({"model": "m", "check": check})
        >>> found["faithfulness"], found["pairwise"]
        ('On support it says yes to everything.', 'The check of the judge does not cover it.')
    """
    check = (judge or {}).get("check")
    if not check:
        return {}
    uncovered = {"informative": False, "why": "The check of the judge does not cover it."}
    metrics = {**dict.fromkeys(RESTS_ON, uncovered), **check["metrics"]}
    return {name: trust.get("why") for name, trust in metrics.items() if not trust["informative"]}


def judge_fingerprint(config: LLMConfig) -> str:
    """Hash of what makes a model the same judge: its weights, or its name and endpoint, and its temperature.

    It leaves out what a metric's library, its prompts or the length of its replies add, so that one check
    of a judge serves every run it judges.

    Example:
        >>> judge_fingerprint(LLMConfig("m", seed=1)) == judge_fingerprint(LLMConfig("m", max_tokens=9))
        True
    """
    parts = json.dumps([config.source, config.temperature])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def require_independent_judge(
    judge: LLMConfig, answerers: Sequence[LLMConfig], *, allow: bool = False
) -> None:
    """Refuse a judge that is one of the models whose answers it would judge.

    Models favour their own answers (Panickssery et al. 2024, arXiv:2404.13076). Two models are the same when
    their weights are, or where these are unknown their names, wherever they are served.

    Args:
        judge: the judge.
        answerers: the models that answer.
        allow: take it nevertheless.

    Raises:
        BenchmarkError: when it is one of them and that is not allowed.
    """
    same = [answerer for answerer in answerers if _same_model(judge, answerer)]
    if same and not allow:
        raise BenchmarkError(
            f"{judge.model} would judge answers that {same[0].model} wrote, which is the same model, and "
            "models favour their own answers; name another judge, or insist on this one with same_judge."
        )


def _same_model(first: LLMConfig, second: LLMConfig) -> bool:
    if first.source == second.source:
        return True
    if first.weights and second.weights:  # two files of one name
        return False
    return first.model.casefold() == second.model.casefold()

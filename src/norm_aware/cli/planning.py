"""A benchmark's plan from its file, or from the options and settings of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from norm_aware.errors import PlanError

if TYPE_CHECKING:
    from norm_aware.benchmark.plan.plan import Plan
    from norm_aware.settings import Settings

DATASET = "pydocs"
SYSTEMS = "cosine,document_power=0.5,dot"
_MODELS = ("llm", "llm_base_url", "judge", "judge_base_url", "judge_check")
ANSWERER, JUDGE = "llm", "judge"  # the models' names in a plan that options made


def plan_of_file(path: Path, given: Mapping[str, Any]) -> Plan:
    """The plan in a file, with the options that were given beside it.

    Args:
        path: the file.
        given: options by name; None where one was not given.

    Raises:
        PlanError: when the file is no plan, or says itself what an option says of systems or models.
    """
    from norm_aware.benchmark.plan.plan import read_plan

    changes = {name: value for name, value in given.items() if value is not None}
    for option in (*_MODELS, "systems", "context_k", "calibration"):
        if option in changes:
            raise PlanError(
                f"--{option.replace('_', '-')} was given beside {path}, which says that itself; write it "
                "there, or leave the plan out."
            )
    return read_plan(path, **changes)


def plan_of_options(settings: Settings, given: Mapping[str, Any]) -> Plan:
    """The plan that options and settings stand for.

    Args:
        settings: with the options that are settings.
        given: the other options by name; None where one was not given.

    Raises:
        PlanError: when they do not fit together.
    """
    from norm_aware.benchmark.plan.plan import Plan

    names = [name.strip() for name in (given.get("systems") or SYSTEMS).split(",")]
    apart = ("dataset", "systems")  # they have defaults of their own
    values: dict[str, Any] = {
        name: value for name, value in given.items() if value is not None and name not in apart
    }
    llms = {}
    if values.get("answers", True):
        llms[ANSWERER] = _model(settings.llm, settings.llm_base_url)
    if settings.judge is not None:
        llms[JUDGE] = _model(settings.judge, settings.judge_base_url)
        values["judge"] = {"model": JUDGE, "check": settings.judge_check}
    calibration = settings.calibration
    return Plan(
        dataset=given.get("dataset") or DATASET,
        encoder=settings.encoder,
        query_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        allow_normalized=settings.allow_normalized,
        answer_tokens=settings.answer_tokens,
        context_budget=settings.context_budget,
        timeout=settings.timeout,
        seed=settings.seed,
        defaults={"k": settings.context_k, **({"calibration": calibration} if calibration else {})},
        llms=llms,
        systems=names,
        **values,
    )


def keys_of(settings: Settings, plan: Plan) -> dict[str, Any]:
    """The settings' API keys, by the names of a plan's models that options made."""
    keys = {ANSWERER: settings.llm_api_key, JUDGE: settings.judge_api_key}
    return {name: key for name, key in keys.items() if key is not None and name in plan.llms}


def _model(name: str, base_url: str | None) -> dict[str, Any]:
    from norm_aware.benchmark.llms.model_spec import is_gguf

    if base_url is None and is_gguf(name):
        return {"gguf": Path(name).expanduser()}
    return {"model": name, "base_url": base_url}

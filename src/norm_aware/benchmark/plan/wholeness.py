"""What of a plan must fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from norm_aware.benchmark.comparison.gate import parse_gate
from norm_aware.benchmark.metrics.metric import METRICS
from norm_aware.benchmark.plan.entries import SystemEntry
from norm_aware.benchmark.plan.explain import did_you_mean
from norm_aware.benchmark.plan.same_model import same_model
from norm_aware.benchmark.plan.source import Location, Source
from norm_aware.benchmark.systems.import_path import is_import_path
from norm_aware.benchmark.systems.reranker_name import as_similarity
from norm_aware.benchmark.systems.system import CALIBRATED, HYBRID, STOCK
from norm_aware.errors import BenchmarkError, PlanError

if TYPE_CHECKING:
    from norm_aware.benchmark.plan.plan import Plan


def require_whole(plan: Plan, source: Source) -> None:
    """Refuse a plan whose parts do not fit together.

    Args:
        plan: the plan.
        source: where it was read, for the line of what does not fit.

    Raises:
        PlanError: naming file, line and what to write instead.
    """

    def refuse(location: Location, message: str) -> None:
        raise PlanError(source.where(location) + message)

    if "name" in plan.defaults.model_fields_set:
        refuse(("defaults", "name"), "every system has a name of its own; leave it out of the defaults.")
    names = [entry.label for entry in plan.written]
    if plan.baseline is not None and plan.baseline not in names:
        refuse(("baseline",), f"no system is named {plan.baseline!r}; {did_you_mean(plan.baseline, names)}")
    for number, entry in enumerate(plan.written):
        if entry.label in names[:number]:
            refuse(("systems", number), f"system {entry.label!r} is named twice; give each its own `name`.")
        for key, message in _misfits(entry, plan):
            part: Location = ("systems", number)
            if key not in plan.systems[number].model_fields_set and key in plan.defaults.model_fields_set:
                part = ("defaults",)
            refuse((*part, key), f"system {entry.label!r}: {message}")
    for number, text in enumerate(plan.gate):
        try:
            gate = parse_gate(text)
        except BenchmarkError as error:
            refuse(("gate", number), str(error))
        else:
            if gate.measure not in METRICS:
                unknown = did_you_mean(gate.measure, list(METRICS))
                refuse(("gate", number), f"the gate is about {gate.measure!r}, no measure; {unknown}")
            if gate.system is not None and gate.system not in names:
                refuse(
                    ("gate", number), f"the gate is for {gate.system!r}; {did_you_mean(gate.system, names)}"
                )
            if gate.relative and len(names) == 1:
                refuse(("gate", number), "it compares with the baseline, and that is the only system.")
    for name, llm in plan.llms.items():
        if llm.gguf is not None and not llm.gguf.is_file():
            refuse(("llms", name, "gguf"), f"there is no file {str(llm.gguf)!r}; correct the path.")
    if plan.judge is not None and plan.judge.model not in plan.llms:
        refuse(("judge",), f"the judge is {plan.judge.model!r}, {_no_model(plan.judge.model, plan)}")
    if plan.judge is not None and plan.judge.repeats > 1 and not plan.llms[plan.judge.model].temperature:
        refuse(
            ("judge",),
            f"it repeats {plan.judge.repeats} times what it says at temperature 0; give "
            f"{plan.judge.model!r} a temperature above 0, such as 0.5, or judge once.",
        )
    cold = [name for name in plan.answerers.values() if not plan.llms[name].temperature]
    if plan.answer_repeats and cold:
        refuse(
            ("answer_repeats",),
            f"{cold[0]!r} says the same again at temperature 0; give it a temperature above 0, such as 0.5.",
        )
    if plan.judge is not None and not plan.answerers:
        refuse(("judge",), "there are no answers to judge; leave the judge out, or have a model answer.")
    if plan.judge is not None and not plan.allow_same_judge:
        for system, answerer in plan.answerers.items():
            if same_model(plan.llms[answerer], plan.llms[plan.judge.model]):
                refuse(
                    ("judge",),
                    f"{plan.judge.model!r} would judge its own answers, those of system {system!r}, which "
                    "models are known to prefer; name another model, or insist by allow_same_judge: true "
                    "(--allow-same-judge).",
                )


def _misfits(entry: SystemEntry, plan: Plan) -> list[tuple[str, str]]:
    found = []
    if entry.retriever == CALIBRATED and entry.calibration is None:
        found.append(
            (
                "retriever",
                "it needs a calibration; `norm-aware calibrate` makes one, and `calibration` (--calibration) "
                "names its file.",
            )
        )
    if entry.retriever == CALIBRATED and entry.calibration is not None and not entry.calibration.is_file():
        found.append(("calibration", f"there is no file {str(entry.calibration)!r}; correct the path."))
    if entry.similarity is not None and entry.retriever != HYBRID:
        found.append(("similarity", "only a hybrid takes one; write it as `retriever`."))
    if entry.llm is not None and entry.llm not in plan.llms:
        found.append(("llm", f"it is answered by {entry.llm!r}, {_no_model(entry.llm, plan)}"))
    if entry.reranker is not None and not is_import_path(entry.reranker):
        without = {STOCK: "knows no norms", CALIBRATED: "has a calibration's numbers, not raw norms"}
        if entry.retriever in without and as_similarity(entry.reranker) is not None:
            found.append(
                (
                    "reranker",
                    f"{entry.retriever} {without[entry.retriever]}, which reranking by a similarity needs; "
                    "retrieve by cosine, or rerank by a cross-encoder.",
                )
            )
    return found


def _no_model(name: str, plan: Plan) -> str:
    if not plan.llms:
        return "and the plan has no `llms`; add it there."
    return f"which is none of llms; {did_you_mean(name, list(plan.llms))}"

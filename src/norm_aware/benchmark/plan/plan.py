"""A benchmark's plan: everything that decides what a run does, in one value that a file can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from norm_aware.benchmark.llms.model_spec import is_gguf
from norm_aware.benchmark.plan.entries import (
    CompareEntry,
    Entry,
    JudgeEntry,
    LLMEntry,
    PriceEntry,
    PromptEntry,
    SystemEntry,
)
from norm_aware.benchmark.plan.explain import explain
from norm_aware.benchmark.plan.source import Source, read_source
from norm_aware.benchmark.plan.wholeness import require_whole
from norm_aware.benchmark.systems.system import CALIBRATED, HYBRID, System, parse_system
from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import PlanError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE


class Plan(Entry):
    """What a benchmark is to do.

    Raises:
        PlanError: for a key or a value that a plan does not have, saying which and what to write instead.

    Example:
        >>> plan = Plan(dataset="pydocs", systems=["cosine", {"retriever": "dot", "k": 5}], defaults={"k": 4})
        >>> [(entry.label, entry.k) for entry in plan.entries]
        [('cosine', 4), ('dot', 5)]
    """

    dataset: str = Field("pydocs", min_length=1, description="What is asked and searched.")
    corpus: str | None = Field(None, description="Documents that a file's questions are asked of.")
    split: str = Field("test", description="Which of a dataset's splits is asked.")
    encoder: str = Field("offline", min_length=1, description="Hub name or path; offline is packaged.")
    query_prompt: str | None = Field(None, description="Put before every query that is embedded.")
    document_prompt: str | None = Field(None, description="Put before every document that is embedded.")
    allow_normalized: bool = Field(False, description="Take embeddings that all have length 1.")
    limit: int | None = Field(None, gt=0, description="How many queries are asked, a seeded sample.")
    answer_limit: int | None = Field(None, ge=0, description="How many of these are answered too.")
    answer_repeats: int = Field(0, ge=0, description="Further answers to each question.")
    answer_tokens: int = Field(48, gt=0, description="Longest answer, in tokens.")
    context_budget: int = Field(2400, gt=0, description="Longest prompt, in characters.")
    timeout: float = Field(120.0, gt=0, description="Seconds a model may take for one answer.")
    seed: int = Field(0, description="Of every random choice.")
    out: Path | None = Field(None, description="Folder of the run; results/<dataset> if not given.")
    defaults: SystemEntry = Field(default_factory=SystemEntry, description="Inherited by every system.")
    llms: dict[str, LLMEntry] = Field(default_factory=dict, description="Models by names of your own.")
    answers: bool = Field(True, description="Have the questions answered, where there is a model.")
    judge: JudgeEntry | None = Field(None, description="What judges the answers.")
    allow_same_judge: bool = Field(False, description="Let a model judge its own answers.")
    metrics: tuple[str, ...] | None = Field(None, description="What is measured; what can be if not given.")
    systems: tuple[SystemEntry, ...] = Field(min_length=1, description="What is compared.")
    baseline: str | None = Field(None, description="Name of the system others are compared with.")
    compare: CompareEntry = Field(default_factory=CompareEntry, description="How they are compared.")
    attribution: bool = Field(False, description="Run what lies between baseline and candidates too.")
    gate: tuple[str, ...] = Field((), description="What must hold, such as nDCG@10 >= baseline - 0.01.")

    def __init__(self, _source: Source | None = None, /, **values: Any) -> None:
        source = _source or Source(values)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise PlanError(explain(error, source, _KEYS)) from None
        require_whole(self, source)

    @property
    def written(self) -> tuple[SystemEntry, ...]:
        """The systems with what they inherit, in the order they are written in."""
        inherited = {name: getattr(self.defaults, name) for name in self.defaults.model_fields_set}
        return tuple(
            SystemEntry(**{**inherited, **{name: getattr(entry, name) for name in entry.model_fields_set}})
            for entry in self.systems
        )

    @property
    def entries(self) -> tuple[SystemEntry, ...]:
        """The systems with what they inherit, the baseline first."""
        written = self.written
        first = self.baseline or written[0].label
        return tuple(sorted(written, key=lambda entry: entry.label != first))

    @property
    def answerers(self) -> dict[str, str]:
        """Which of the models answers for each system; empty where nothing is answered."""
        if not self.answers or not self.llms:
            return {}
        first = next(iter(self.llms))
        return {entry.label: entry.llm or first for entry in self.entries}

    def build_systems(self) -> tuple[System, ...]:
        """The systems as they are run, the baseline first; calibrations are read.

        Raises:
            CalibrationError: when a calibration cannot be read.
        """
        files = [e.calibration for e in self.entries if e.retriever == CALIBRATED and e.calibration]
        calibrations = {path: Calibration.load(path) for path in dict.fromkeys(files)}
        # named, so that the baseline's place or another system's model changes nobody's
        answerers = self.answerers
        return tuple(
            replace(_system(entry, calibrations), llm=answerers.get(entry.label)) for entry in self.entries
        )

    def resolved(self) -> dict[str, Any]:
        """The plan as JSON, defaults and all, without anything secret: what results.json keeps."""
        written: dict[str, Any] = self.model_dump(mode="json", exclude={"defaults", "baseline"})
        systems = [{**entry.model_dump(mode="json"), "name": entry.label} for entry in self.entries]
        return {**written, "systems": systems, "baseline": systems[0]["name"]}


def read_plan(path: str | Path, **changes: Any) -> Plan:
    """The plan that a YAML or TOML file holds.

    Files that it names are looked for beside it.

    Args:
        path: the file.
        changes: values that take the place of the file's, as the command line's options do.

    Raises:
        PlanError: when the file cannot be read or is no plan; the message names the line.
    """
    source = read_source(Path(path))
    values = dict(source.values)
    _beside(values, Path(path).parent)
    return Plan(source, **{**values, **changes})


def _system(entry: SystemEntry, calibrations: Mapping[Path, Calibration]) -> System:
    calibration = None if entry.calibration is None else calibrations.get(entry.calibration)
    system = parse_system(entry.retriever, calibration=calibration)
    if entry.retriever == HYBRID:
        system = replace(system, similarity=parse_similarity(entry.similarity or COSINE), alpha=entry.alpha)
    return replace(
        system,
        name=entry.label,
        reranker=entry.reranker,
        rerank_depth=entry.rerank_depth,
        exact=entry.exact,
        context_k=entry.k,
        prompt=entry.prompt.to_prompt(),
    )


def _beside(values: dict[str, Any], folder: Path) -> None:
    """Make paths that exist beside the plan's file lead there, wherever the program runs."""

    def moved(value: Any) -> Any:
        there = folder / value if isinstance(value, str) else None
        return str(there) if there is not None and there.exists() else value

    for name in ("dataset", "corpus", "encoder"):
        if name in values:
            values[name] = moved(values[name])
    for part in (values.get("defaults"), *_list(values.get("systems"))):
        _move(part, ("calibration", "reranker"), moved)
    _move(values.get("judge"), ("check",), moved)
    llms: dict[str, Any] = values["llms"] if isinstance(values.get("llms"), dict) else {}
    for name, part in llms.items():
        _move(part, ("gguf",), moved)
        if isinstance(part, str) and is_gguf(part):
            llms[name] = moved(part)


def _move(part: Any, names: tuple[str, ...], moved: Callable[[Any], Any]) -> None:
    if isinstance(part, dict):
        part |= {name: moved(part[name]) for name in names if name in part}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_KEYS = {
    "": list(Plan.model_fields),
    "systems": list(SystemEntry.model_fields),
    "defaults": [name for name in SystemEntry.model_fields if name != "name"],
    "llms": list(LLMEntry.model_fields),
    "judge": list(JudgeEntry.model_fields),
    "compare": list(CompareEntry.model_fields),
    "prompt": list(PromptEntry.model_fields),
    "price": list(PriceEntry.model_fields),
}

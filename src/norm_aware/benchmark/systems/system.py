"""The systems compared: what each retrieves by, reranks with and asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity


@dataclass(frozen=True, slots=True)
class System:
    """One way of answering questions; what two systems do not differ in, they share.

    Attributes:
        name: for reports.
        similarity: what it ranks by; None for a calibration's own.
        calibration: what its collection is stored by; None for raw vectors.
        reranker: what reorders the retrieved documents; None keeps their order.
        exact: scores every document, so that no index loses any.
        context_k: documents an answer is written from.
        prompt: what the model is asked with.
        llm: which of the run's models answers; None is the first.
    """

    name: str
    similarity: Similarity | None = None
    calibration: Calibration | None = None
    reranker: str | None = None
    exact: bool = True
    context_k: int = 3
    prompt: Prompt = field(default_factory=Prompt)
    llm: str | None = None


CALIBRATED = "calibrated"
"""Name of the system that searches by a calibration."""


def parse_systems(names: Iterable[str], *, calibration: Calibration | None = None) -> tuple[System, ...]:
    """The systems that names stand for; the first is the baseline.

    Args:
        names: of similarities, or `calibrated`.
        calibration: what `calibrated` searches by.

    Raises:
        BenchmarkError: for no name, the same similarity twice, or `calibrated` without a calibration.
        QueryError: for a name that is no similarity.
    """
    systems = [_system(name.strip(), calibration) for name in names]
    if not systems:
        raise BenchmarkError("No system was named; give at least a baseline, such as cosine.")
    for i, system in enumerate(systems):
        if system in systems[:i]:
            raise BenchmarkError(f"System {system.name!r} is named twice; each may stand once.")
    return tuple(systems)


def _system(name: str, calibration: Calibration | None) -> System:
    if name != CALIBRATED:
        similarity = parse_similarity(name)
        return System(similarity.name, similarity)
    if calibration is None:
        raise BenchmarkError(
            "System 'calibrated' needs a calibration; `norm-aware calibrate` makes one, and --calibration "
            "names its file."
        )
    return System(CALIBRATED, calibration=calibration)

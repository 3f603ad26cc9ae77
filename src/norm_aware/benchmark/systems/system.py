"""The systems compared: what each retrieves by, reranks with and asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.systems.import_path import is_import_path
from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity

STOCK = "stock"
"""LlamaIndex's own vector retriever over Qdrant's Cosine: the vectors everybody stores."""

BM25 = "bm25"
"""Words alone, by Qdrant's BM25."""

HYBRID = "hybrid"
"""A similarity fused with BM25."""

CALIBRATED = "calibrated"
"""Retriever that searches by a calibration."""


@dataclass(frozen=True, slots=True)
class System:
    """One way of answering questions; what two systems do not differ in, they share.

    Attributes:
        name: for reports.
        similarity: what it ranks by; None for a calibration's own.
        calibration: what its collection is stored by; None for raw vectors.
        reranker: what reorders the retrieved documents: a similarity, a cross-encoder's name, or the import
            path of a factory, `package.module:factory`; None keeps their order.
        exact: scores every document, so that no index loses any.
        context_k: documents an answer is written from.
        prompt: what the model is asked with.
        llm: which of the run's models answers; None is the first.
        retriever: `stock`, `bm25`, `hybrid`, or the import path of a factory; None searches the raw or
            calibrated vectors by the similarity.
        alpha: in `hybrid`, the weight of the similarity; BM25 has the rest.
        rerank_depth: how many of the retrieved documents the reranker sees; the others stay behind them.
    """

    name: str
    similarity: Similarity | None = None
    calibration: Calibration | None = None
    reranker: str | None = None
    exact: bool = True
    context_k: int = 3
    prompt: Prompt = field(default_factory=Prompt)
    llm: str | None = None
    retriever: str | None = None
    alpha: float = 0.5
    rerank_depth: int = 50


def parse_systems(names: Iterable[str], *, calibration: Calibration | None = None) -> tuple[System, ...]:
    """The systems that names stand for; the first is the baseline.

    Args:
        names: of similarities, `stock`, `bm25`, `hybrid`, `calibrated`, or import paths.
        calibration: what `calibrated` searches by.

    Raises:
        BenchmarkError: for no name, the same system twice, or `calibrated` without a calibration.
        QueryError: for a name that is no similarity.
    """
    systems = [parse_system(name, calibration=calibration) for name in names]
    if not systems:
        raise BenchmarkError("No system was named; give at least a baseline, such as cosine.")
    for i, system in enumerate(systems):
        if system in systems[:i]:
            raise BenchmarkError(f"System {system.name!r} is named twice; each may stand once.")
    return tuple(systems)


def parse_system(name: str, *, calibration: Calibration | None = None) -> System:
    """The system that a retriever's name stands for; arguments and errors are those of `parse_systems`."""
    name = name.strip()
    if name in (STOCK, BM25, HYBRID) or is_import_path(name):
        return System(name, retriever=name)
    if name != CALIBRATED:
        similarity = parse_similarity(name)
        return System(similarity.name, similarity)
    if calibration is None:
        raise BenchmarkError(
            "System 'calibrated' needs a calibration; `norm-aware calibrate` makes one, and --calibration "
            "names its file."
        )
    return System(CALIBRATED, calibration=calibration)

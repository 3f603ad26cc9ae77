"""What the plots of a diagnosis show, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from norm_aware.diagnosis.evidence import Evidence
from norm_aware.errors import EmbeddingError

BINS = 40
POINTS = 600
COMPONENTS = 50


@dataclass(frozen=True, slots=True)
class Plots:
    """Numbers that the page and the picture draw.

    Attributes:
        edges: of the norm histograms, one more than bins.
        relevant: documents per bin that are relevant to some query; empty when unjudged.
        other: the other documents per bin; all of them when unjudged.
        mean_relevant: mean norm of the relevant documents; None where there are none.
        mean_other: mean norm of the other documents; None where there are none.
        points: (text length, norm) of a sample of documents; empty without text lengths.
        finds: (from, to, documents): how many documents are in how many top tens.
        spectrum: share of the variance of the first principal components; empty where it is undefined.
    """

    edges: tuple[float, ...]
    relevant: tuple[int, ...]
    other: tuple[int, ...]
    mean_relevant: float | None
    mean_other: float | None
    points: tuple[tuple[float, float], ...]
    finds: tuple[tuple[int, int, int], ...]
    spectrum: tuple[float, ...]


def make_plots(evidence: Evidence) -> Plots:
    """Take the numbers of every plot from the evidence."""
    lengths, relevant = evidence.norms, evidence.relevant
    edges = _edges(lengths)
    chosen = np.zeros(len(lengths), dtype=bool) if relevant is None else relevant
    return Plots(
        tuple(edges.tolist()),
        () if relevant is None else _histogram(lengths[chosen], edges),
        _histogram(lengths[~chosen], edges),
        _mean(lengths[chosen]),
        _mean(lengths[~chosen]),
        _points(evidence),
        _finds(evidence.hubness.counts),
        _spectrum(evidence),
    )


def _edges(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(lengths.min()), float(lengths.max())
    if high - low <= 1e-4 * high:  # rounding, not spread
        low, high = 0.5 * high, 1.5 * high or 1.0
    return np.linspace(low, high, BINS + 1)


def _histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(np.histogram(values, edges)[0].tolist())


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _points(evidence: Evidence) -> tuple[tuple[float, float], ...]:
    if evidence.lengths is None:
        return ()
    rows = np.random.default_rng(evidence.seed).permutation(len(evidence.norms))[:POINTS]
    return tuple(zip(evidence.lengths[rows].tolist(), evidence.norms[rows].tolist(), strict=True))


def _finds(counts: NDArray[np.intp]) -> tuple[tuple[int, int, int], ...]:
    """Documents by how often they are found: 0, 1, 2, 3 to 4, 5 to 8, and on by doubling."""
    ends = [0, 1, 2]
    while ends[-1] < counts.max():
        ends.append(2 * ends[-1])
    starts = [0, *(end + 1 for end in ends)]
    return tuple(
        (start, end, int(((counts >= start) & (counts <= end)).sum()))
        for start, end in zip(starts, ends, strict=False)
    )


def _spectrum(evidence: Evidence) -> tuple[float, ...]:
    try:
        return evidence.anisotropy.spectrum[:COMPONENTS]
    except EmbeddingError:
        return ()

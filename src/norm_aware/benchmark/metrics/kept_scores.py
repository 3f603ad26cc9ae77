"""Scores that need no judge, kept in a file: where nothing changed, nothing is measured or loaded."""

from __future__ import annotations

from dataclasses import asdict
from importlib import metadata

from norm_aware.benchmark.digest import digest
from norm_aware.benchmark.metrics.score import Sample, Score
from norm_aware.benchmark.metrics.scoring import SampleMetrics
from norm_aware.benchmark.rows import Rows

_PACKAGES = (
    "norm-aware",
    "ragas",
    "rapidfuzz",
    "rouge-score",
    "sacrebleu",
    "sentence-transformers",
    "wordllama",
)


class KeptScores:
    """Judge-free metrics whose scores are written down, and read where they stand already.

    A score is found again only for the same sample, the same metrics and the same versions of what computes
    them. One that failed is computed anew by the next run.

    Args:
        metrics: what measures.
        rows: the scores so far, and where new ones go.

    Attributes:
        names: of the metrics.
    """

    def __init__(self, metrics: SampleMetrics, rows: Rows) -> None:
        self.names = metrics.names
        self._metrics = metrics
        self._rows = rows
        self._known = {row["key"]: row["scores"] for row in rows.read() if {"key", "scores"} <= row.keys()}
        self._about = [list(self.names), {name: _version(name) for name in _PACKAGES}]

    def score(self, sample: Sample) -> list[Score]:
        """The scores of a sample, from the file where it holds them."""
        key = digest(self._about, asdict(sample))
        if key not in self._known:
            found = self._metrics.score(sample)
            if any(score.value is None for score in found):
                return found
            self._known[key] = [[score.measure, score.value, score.seconds] for score in found]
            self._rows.append({"key": key, "scores": self._known[key]})
        return [Score(measure, value, seconds=seconds) for measure, value, seconds in self._known[key]]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

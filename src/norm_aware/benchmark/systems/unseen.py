"""A calibration is proved on queries that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import BenchmarkError


def require_unseen(calibration: Calibration, queries: Sequence[Query]) -> None:
    """Refuse to prove a calibration on queries whose judgements it was made from.

    Raises:
        BenchmarkError: saying how many they are.
    """
    seen = {query.id for query in queries} & set(calibration.evidence.asked)
    if seen and not calibration.evidence.label_free and not calibration.is_cosine:
        raise BenchmarkError(
            f"{len(seen)} of the {len(queries)} queries asked were calibrated on, so the comparison would be "
            f"no proof; calibrate with --hold-out {len(queries)}, and benchmark with --limit {len(queries)} "
            "and the same seed."
        )

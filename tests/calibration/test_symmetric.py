from __future__ import annotations

import numpy as np

from norm_aware.calibration.calibrate import CalibrationOptions, calibrate
from norm_aware.calibration.corpus import Corpus


def test_in_a_symmetric_task_cosine_is_kept_whatever_would_gain():
    rng = np.random.default_rng(0)
    documents, queries = rng.normal(size=(200, 8)), rng.normal(size=(60, 8))
    best = (queries @ documents.T).argmax(axis=1)  # judged by dot, so that the norm would gain
    judged = [{int(document): 1} for document in best]
    free = calibrate(Corpus(documents), queries, judged, options=CalibrationOptions(controls=False))
    assert not free.is_cosine
    options = CalibrationOptions(controls=False, symmetric=None)  # both sides are of one distribution
    kept = calibrate(Corpus(documents), queries, judged, options=options)
    assert kept.is_cosine
    assert "The task is symmetric" in " ".join(kept.evidence.notes)

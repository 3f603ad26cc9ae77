"""Norms of relevant documents beside those of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.datasets.dataset import Dataset
from norm_aware.numeric.effect_size import cohens_d

_BINS = 20


def norm_distribution(
    dataset: Dataset, relevant: Mapping[str, Sequence[str]], norms: Mapping[str, float | None]
) -> dict[str, Any] | None:
    """Norms of relevant documents beside those of all others, and how far length explains them.

    Args:
        dataset: for the documents' texts.
        relevant: relevant document ids of each judged query.
        norms: length of each document's raw embedding, by document id; documents whose norm is None or
            absent are left out.

    Returns:
        Histogram `edges` with counts of `relevant` and `other`, both means, the coefficient of variation
        (`cv`), `cohens_d` of relevant against other, and the Pearson correlation of norm and characters
        (`length_correlation`); None for a figure that the data cannot give, and None for the whole where
        no norm is known.
    """
    known = {
        document.id: norm for document in dataset.documents if (norm := norms.get(document.id)) is not None
    }
    if not known:
        return None
    lengths = np.array(list(known.values()), dtype=np.float64)
    characters = np.array([len(d.content) for d in dataset.documents if d.id in known], dtype=np.float64)
    wanted = {document for found in relevant.values() for document in found}
    is_relevant = np.array([key in wanted for key in known])
    of_relevant, of_other = lengths[is_relevant], lengths[~is_relevant]
    edges = np.histogram_bin_edges(lengths, bins=_BINS)
    effect = cohens_d(of_relevant, of_other) if min(len(of_relevant), len(of_other)) > 1 else None
    mean = float(lengths.mean())
    return {
        "edges": edges.tolist(),
        "relevant": np.histogram(of_relevant, edges)[0].tolist(),
        "other": np.histogram(of_other, edges)[0].tolist(),
        "mean_relevant": _mean(of_relevant),
        "mean_other": _mean(of_other),
        "cv": float(lengths.std() / mean) if mean > 0 else None,
        "cohens_d": effect if effect is not None and np.isfinite(effect) else None,
        "length_correlation": (
            float(np.corrcoef(lengths, characters)[0, 1]) if lengths.std() * characters.std() > 0 else None
        ),
    }


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None

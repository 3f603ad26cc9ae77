from __future__ import annotations

import numpy as np
import pytest

from norm_aware.numeric.hub_bias import CSLS_NEAREST, CSLS_WEIGHT, hub_bias
from norm_aware.numeric.nearest import mean_nearest


def unit(generator: np.random.Generator, count: int) -> np.ndarray:
    rows = generator.normal(size=(count, 6)) + 0.5
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_weight_one_half_ranks_as_csls_does(seed):
    generator = np.random.default_rng(seed)
    documents, queries = unit(generator, 80), unit(generator, 40)
    cosines = queries.astype(np.float64) @ documents.T
    of_documents = np.sort(cosines, axis=0)[-CSLS_NEAREST:].mean(axis=0)
    of_queries = np.sort(cosines, axis=1)[:, -CSLS_NEAREST:].mean(axis=1)
    csls = 2 * cosines - of_queries[:, None] - of_documents
    nearest = mean_nearest(documents, queries, k=CSLS_NEAREST)
    found = cosines + hub_bias(nearest, weight=CSLS_WEIGHT)
    np.testing.assert_array_equal(np.argsort(found, axis=1), np.argsort(csls, axis=1))
    assert (np.argsort(found, axis=1) != np.argsort(cosines, axis=1)).any()


def test_weight_0_changes_no_score():
    assert not hub_bias([0.3, -0.2], weight=0.0).any()

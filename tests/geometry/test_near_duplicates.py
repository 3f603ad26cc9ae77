from __future__ import annotations

import numpy as np
import pytest

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.near_duplicates import near_duplicate_share


def test_the_share_is_that_of_brute_force():
    rng = np.random.default_rng(0)
    documents = rng.normal(size=(300, 8))
    documents[:60] = documents[60:120] * 2 + rng.normal(size=(60, 8)) * 1e-3  # repeated, at another length
    units = documents / np.linalg.norm(documents, axis=1, keepdims=True)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -1)
    assert near_duplicate_share(documents) == pytest.approx((cosines.max(axis=1) >= 0.95).mean())
    assert near_duplicate_share(documents) >= 0.4


def test_random_documents_have_none_and_equal_ones_are_all_duplicates():
    rng = np.random.default_rng(0)
    assert near_duplicate_share(rng.normal(size=(200, 64))) == 0
    assert near_duplicate_share(np.ones((50, 4))) == 1


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(EmbeddingError):
        near_duplicate_share([[np.nan, 1.0], [1.0, 0.0]])

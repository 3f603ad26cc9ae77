from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.numeric import nearest
from norm_aware.numeric.nearest import mean_nearest


def unit(generator: np.random.Generator, count: int) -> np.ndarray:
    rows = generator.normal(size=(count, 4))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def brute_force(documents, bank, k, own):
    means = []
    for i, document in enumerate(documents.astype(np.float64)):
        found = sorted(
            (document @ query for j, query in enumerate(bank) if j not in own.get(i, ())), reverse=True
        )
        means.append(sum(found[:k]) / max(len(found[:k]), 1))
    return means


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 12))
@settings(max_examples=40)
def test_it_is_the_mean_of_the_k_largest_inner_products_without_ones_own(seed, bank_size, k):
    generator = np.random.default_rng(seed)
    documents, bank = unit(generator, 9), unit(generator, bank_size)
    own = {i: generator.integers(bank_size, size=generator.integers(1, 9)) for i in range(0, 9, 2)}
    found = mean_nearest(documents, bank, k=k, own=own)
    np.testing.assert_allclose(found, brute_force(documents, bank, k, own), atol=1e-6)


def test_a_bank_smaller_than_k_counts_whole():
    generator = np.random.default_rng(0)
    documents, bank = unit(generator, 5), unit(generator, 3)
    expected = (documents.astype(np.float64) @ bank.T).mean(axis=1)
    np.testing.assert_allclose(mean_nearest(documents, bank, k=10), expected, atol=1e-6)


def test_a_document_without_any_row_but_its_own_gets_0():
    bank = np.eye(2, dtype=np.float32)
    assert mean_nearest(bank, bank, k=2, own={0: np.array([0, 1])}).tolist() == [0.0, 0.5]
    assert mean_nearest(bank, bank[:0], k=2).tolist() == [0.0, 0.0]
    assert mean_nearest(bank[:0], bank, k=2).tolist() == []


@pytest.mark.parametrize("block", [1, 7, 50])
def test_blocks_of_any_size_give_the_same(block, monkeypatch):
    generator = np.random.default_rng(1)
    documents, bank = unit(generator, 23), unit(generator, 11)
    own = {3: np.array([1, 2]), 22: np.array([0])}
    whole = mean_nearest(documents, bank, k=4, own=own)
    monkeypatch.setattr(nearest, "_BLOCK", block)
    np.testing.assert_allclose(mean_nearest(documents, bank, k=4, own=own), whole, atol=1e-7)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power

from norm_aware.errors import EmbeddingError
from norm_aware.numeric.moments import Moments, matrix_power

seeds = st.integers(0, 10_000)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def covariance(seed: int, *, size: int = 4) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(3 * size, size))
    return rows.T @ rows / len(rows)


@pytest.mark.parametrize("count", [1, 2, 50, 8193, 20_000])
def test_the_moments_are_numpys_mean_and_covariance_of_the_directions(count):
    rows = np.random.default_rng(count).normal(1, 1, size=(count, 5)).astype(np.float32)
    found = Moments.of(rows)
    wanted = unit(rows.astype(np.float64))
    np.testing.assert_allclose(found.mean, wanted.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(wanted.T, bias=True), atol=1e-12)
    assert found.count == count


def test_lengths_and_zero_vectors_play_no_part():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(30, 4))
    found = Moments.of(np.concatenate([rows * generator.lognormal(0, 2, size=(30, 1)), np.zeros((9, 4))]))
    plain = Moments.of(rows)
    assert found.count == 30
    np.testing.assert_allclose(found.mean, plain.mean, atol=1e-7)
    np.testing.assert_allclose(found.covariance, plain.covariance, atol=1e-7)


def test_beyond_the_sample_size_the_seed_decides_what_is_looked_at():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    first, again, other = (Moments.of(rows, sample=100, seed=seed) for seed in (1, 1, 2))
    assert first.count == other.count == 100
    np.testing.assert_array_equal(first.covariance, again.covariance)
    assert not np.array_equal(first.covariance, other.covariance)
    np.testing.assert_array_equal(
        Moments.of(rows, sample=500, seed=1).mean, Moments.of(rows, sample=500, seed=2).mean
    )


@pytest.mark.parametrize("rows", [[[1.0, np.nan]], [[np.inf, 1.0]], [1.0, 2.0], np.ones((2, 2, 2))])
def test_embeddings_that_are_no_finite_matrix_are_refused(rows):
    with pytest.raises(EmbeddingError, match="with only finite numbers in rows"):
        Moments.of(rows)


@pytest.mark.parametrize("rows", [np.zeros((4, 3)), np.empty((0, 3))])
def test_embeddings_without_a_direction_are_refused(rows):
    with pytest.raises(EmbeddingError, match="No embedding has a length above 0"):
        Moments.of(rows)


@given(seeds, st.floats(-1, 1), st.floats(0.001, 1))
@settings(max_examples=40)
def test_a_power_is_scipys_power_of_the_shrunk_matrix_at_determinant_1(seed, power, shrinkage):
    matrix = covariance(seed)
    shrunk = matrix + shrinkage * np.trace(matrix) / 4 * np.eye(4)
    expected = fractional_matrix_power(shrunk, power)
    expected /= np.linalg.det(expected) ** (1 / 4)
    np.testing.assert_allclose(matrix_power(matrix, power, shrinkage=shrinkage), expected, atol=1e-8)


@given(seeds, st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_the_scale_of_a_covariance_does_not_matter(seed, factor):
    matrix = covariance(seed)
    np.testing.assert_allclose(
        matrix_power(factor * matrix, -0.5, shrinkage=0.03),
        matrix_power(matrix, -0.5, shrinkage=0.03),
        atol=1e-8,
    )


def test_half_a_power_twice_is_the_power():
    matrix = covariance(3)
    half = matrix_power(matrix, -0.25, shrinkage=0.1)
    np.testing.assert_allclose(half @ half, matrix_power(matrix, -0.5, shrinkage=0.1), atol=1e-12)


def test_power_0_and_no_variance_at_all_give_the_identity():
    np.testing.assert_allclose(matrix_power(covariance(1), 0.0, shrinkage=0.03), np.eye(4), atol=1e-12)
    np.testing.assert_array_equal(matrix_power(np.zeros((3, 3)), -0.5, shrinkage=0.03), np.eye(3))


@pytest.mark.parametrize("shrinkage", [0.0, 0.03])
def test_directions_never_seen_stay_finite(shrinkage):
    matrix = matrix_power(np.diag([1.0, 0.0, 0.0]), -0.5, shrinkage=shrinkage)
    assert np.isfinite(matrix).all()
    assert matrix[1, 1] == pytest.approx(matrix[2, 2])
    assert matrix[1, 1] > matrix[0, 0] > 0

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from norm_aware.errors import CalibrationError
from norm_aware.numeric.soft_cosine import soft_cosine


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=60)
def test_the_cosine_after_it_is_uSv_over_the_roots_of_uSu_and_vSv(seed, dimension):  # noqa: N802
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(dimension, dimension + 2))
    similarities = factor @ factor.T
    u, v = generator.normal(size=(2, 7, dimension)).astype(np.float32).astype(np.float64)
    roots = [np.sqrt(np.einsum("ij,jk,ik->i", w, similarities, w)) for w in (u, v)]
    transform = soft_cosine(similarities)
    found = transform.queries(u) @ transform.documents(v).T
    np.testing.assert_allclose(found, u @ similarities @ v.T / np.outer(*roots), atol=2e-6)


def test_dimensions_that_are_alike_to_nothing_but_themselves_give_plain_cosine():
    assert soft_cosine(np.eye(3)).is_identity


def test_a_vector_along_a_dimension_that_counts_nothing_scores_0():
    transform = soft_cosine(np.diag([1.0, 0.0]))
    assert transform.queries([[0.0, 3.0]]).tolist() == [[0, 0]]
    assert transform.queries([[1.0, 3.0]]).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("similarities", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "eigenvalue -1; they must be positive semi-definite"),
        (-np.eye(2), "positive semi-definite"),
        ([[1.0, 0.5], [0.4, 1.0]], "not symmetric"),
        (np.ones((2, 3)), r"shape \(2, 3\); a square matrix"),
        ([1.0, 2.0], "a square matrix"),
        ([[1.0, np.nan], [np.nan, 1.0]], "finite numbers"),
        ([[np.inf, 0.0], [0.0, 1.0]], "finite numbers"),
    ],
)
def test_similarities_that_make_no_cosine_are_refused(similarities, message):
    with pytest.raises(CalibrationError, match=message):
        soft_cosine(similarities)


def test_rounding_below_zero_is_no_reason_to_refuse():
    vector = np.random.default_rng(0).normal(size=20)
    transform = soft_cosine(np.outer(vector, vector) - 1e-10 * np.eye(20))
    assert np.abs(transform.queries([vector]) @ vector) == pytest.approx(np.linalg.norm(vector), rel=1e-3)

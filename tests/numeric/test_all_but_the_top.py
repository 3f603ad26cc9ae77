from __future__ import annotations

import numpy as np
import pytest

from norm_aware.errors import CalibrationError
from norm_aware.numeric.all_but_the_top import fit_all_but_the_top
from norm_aware.numeric.moments import Moments
from norm_aware.numeric.whitening import fit_centering

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(200, 8)) * np.array([9, 5, 3, 1, 1, 1, 1, 1]) + 0.5
MOMENTS = Moments.of(ROWS)


@pytest.mark.parametrize("components", [1, 3, 7])
def test_exactly_the_top_components_are_removed(components):
    matrix = fit_all_but_the_top(MOMENTS, MOMENTS, components=components).matrix
    rows = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    _, _, axes = np.linalg.svd(rows - rows.mean(axis=0))
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-10)
    np.testing.assert_allclose(axes[:components] @ matrix, 0, atol=1e-5)
    np.testing.assert_allclose(axes[components:] @ matrix, axes[components:], atol=1e-5)


def test_each_side_is_centred_first():
    queries = Moments.of(ROWS[:50] - 1)
    found, centred = fit_all_but_the_top(MOMENTS, queries), fit_centering(MOMENTS, queries)
    np.testing.assert_array_equal(found.query_mean, centred.query_mean)
    np.testing.assert_array_equal(found.document_mean, centred.document_mean)
    nothing = fit_all_but_the_top(MOMENTS, queries, components=0)
    np.testing.assert_array_equal(nothing.matrix, np.eye(8))


@pytest.mark.parametrize(("dimension", "removed"), [(8, 1), (100, 1), (260, 3)])
def test_a_hundredth_of_the_dimension_is_removed_and_at_least_one(dimension, removed):
    moments = Moments.of(np.random.default_rng(1).normal(size=(30, dimension)))
    matrix = fit_all_but_the_top(moments, moments).matrix
    assert np.trace(matrix) == pytest.approx(dimension - removed)


def test_documents_that_are_all_equal_lose_a_direction_and_nothing_breaks():
    moments = Moments.of(np.ones((5, 3)))
    transform = fit_all_but_the_top(moments, moments)
    assert not transform.documents(np.ones((1, 3))).any()


@pytest.mark.parametrize("components", [-1, 8, 9])
def test_to_remove_every_direction_is_refused(components):
    with pytest.raises(CalibrationError, match=f"{components} components of 8 dimensions.*give 0 to 7"):
        fit_all_but_the_top(MOMENTS, MOMENTS, components=components)

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power
from sklearn.decomposition import PCA

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.numeric.moments import Moments
from norm_aware.numeric.transform import Transform
from norm_aware.numeric.whitening import fit_centering, fit_pair_whitening, fit_whitening

GENERATOR = np.random.default_rng(0)
MIXING = GENERATOR.normal(size=(6, 6))
DOCUMENTS = (GENERATOR.normal(size=(300, 6)) @ MIXING + 1).astype(np.float32)
QUERIES = (GENERATOR.normal(size=(80, 6)) @ MIXING - 1).astype(np.float32)
MOMENTS = Moments.of(DOCUMENTS), Moments.of(QUERIES)
PAIRS = QUERIES[:40], DOCUMENTS[:40]


def unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_centering_subtracts_each_sides_own_mean_and_no_more():
    transform = fit_centering(*MOMENTS)
    for found, rows in ((transform.queries(QUERIES), QUERIES), (transform.documents(DOCUMENTS), DOCUMENTS)):
        np.testing.assert_allclose(found, unit(unit(rows) - unit(rows).mean(axis=0)), atol=1e-6)


def test_power_0_only_centres():
    found, centred = fit_whitening(*MOMENTS, power=0.0), fit_centering(*MOMENTS)
    np.testing.assert_allclose(found.matrix, np.eye(6), atol=1e-12)
    np.testing.assert_array_equal(found.query_mean, centred.query_mean)


def test_full_whitening_leaves_no_direction_with_more_variance_than_another():
    transform = fit_whitening(*MOMENTS, power=-0.5, shrinkage=1e-12)
    rows = (unit(DOCUMENTS) - transform.document_mean) @ transform.matrix
    covariance = np.cov(rows.T, bias=True)
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(6), atol=1e-6)


def test_full_whitening_has_the_cosines_of_scikit_learns_whitened_components():
    transform = fit_whitening(MOMENTS[0], MOMENTS[0], power=-0.5, shrinkage=1e-12)
    oracle = unit(PCA(whiten=True).fit_transform(unit(DOCUMENTS)))
    found = transform.documents(DOCUMENTS).astype(np.float64)
    np.testing.assert_allclose(found @ found.T, oracle @ oracle.T, atol=1e-5)


def test_a_stronger_power_flattens_the_spread_more():
    def spread(power: float) -> float:
        transform = fit_whitening(*MOMENTS, power=power)
        rows = (unit(DOCUMENTS) - transform.document_mean) @ transform.matrix
        values = np.linalg.eigvalsh(np.cov(rows.T))
        return values[-1] / values[0]

    spreads = [spread(power) for power in (0.0, -0.125, -0.25, -0.375, -0.5)]
    assert spreads == sorted(spreads, reverse=True)


@pytest.mark.parametrize("power", [-0.125, -0.5])
@pytest.mark.parametrize(
    "rows",
    [
        DOCUMENTS[:3],
        np.repeat(DOCUMENTS[:2], 20, axis=0),
        np.repeat(DOCUMENTS[:1], 20, axis=0),
        np.outer(np.linspace(-2, 2, 9), DOCUMENTS[0]),
        DOCUMENTS[:1],
    ],
    ids=["fewer than dimensions", "duplicates", "all equal", "one line", "one"],
)
def test_documents_that_span_little_give_finite_unit_or_zero_vectors(power, rows):
    moments = Moments.of(rows)
    transform = fit_whitening(moments, moments, power=power)
    lengths = np.linalg.norm(transform.documents(np.concatenate([rows, DOCUMENTS])), axis=1)
    assert ((np.abs(lengths - 1) < 1e-5) | (lengths == 0)).all()


def test_documents_that_are_all_equal_map_to_zero():
    moments = Moments.of(np.repeat(DOCUMENTS[:1], 20, axis=0))
    assert not fit_whitening(moments, moments, power=-0.5).documents(DOCUMENTS[:1]).any()


def test_queries_and_documents_of_different_dimensions_are_refused():
    with pytest.raises(DimensionError):
        fit_whitening(MOMENTS[0], Moments.of(QUERIES[:, :5]), power=-0.25)


@pytest.mark.parametrize(("power", "prior"), [(-0.5, 0.0), (-0.25, 0.0), (-0.25, 2.0)])
def test_pair_whitening_is_its_closed_form(power, prior):
    first = fit_whitening(*MOMENTS, power=-0.25)
    weights = np.random.default_rng(1).uniform(0.1, 2, size=40)
    found = fit_pair_whitening(first, *PAIRS, power=power, weights=weights, prior=prior, shrinkage=0.05)
    differences = first.queries(PAIRS[0]).astype(np.float64) - first.documents(PAIRS[1])
    covariance = np.cov(differences.T, bias=True, aweights=weights)
    level = np.trace(covariance) / 6 * np.eye(6)
    trust = weights.sum() / (weights.sum() + 6 * prior)
    expected = fractional_matrix_power(trust * covariance + (1 - trust) * level + 0.05 * level, power)
    expected /= np.linalg.det(expected) ** (1 / 6)
    np.testing.assert_allclose(found.matrix, first.matrix @ expected, atol=1e-8)
    np.testing.assert_array_equal(found.query_mean, first.query_mean)


def test_pairs_that_tell_nothing_leave_the_transform_as_it_was():
    first = fit_whitening(*MOMENTS, power=-0.25)
    one = fit_pair_whitening(first, QUERIES[:1], DOCUMENTS[:1], power=-0.5)
    distrusted = fit_pair_whitening(first, *PAIRS, power=-0.5, prior=1e12)
    same = fit_pair_whitening(Transform.identity(6), DOCUMENTS, DOCUMENTS, power=-0.5)
    np.testing.assert_allclose(one.matrix, first.matrix, atol=1e-12)
    np.testing.assert_allclose(distrusted.matrix, first.matrix, atol=1e-8)
    np.testing.assert_allclose(same.matrix, np.eye(6), atol=1e-12)


def test_a_direction_in_which_pairs_differ_counts_less_afterwards():
    apart = DOCUMENTS.copy()
    apart[:, 0] += 5 * np.random.default_rng(2).normal(size=len(apart))
    matrix = fit_pair_whitening(Transform.identity(6), DOCUMENTS, apart, power=-0.5, prior=0.0).matrix
    assert matrix[0, 0] < 0.7 * np.diag(matrix)[1:].min()


def test_a_pair_of_weight_2_counts_as_the_pair_given_twice():
    first = fit_centering(*MOMENTS)
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    rows = np.concatenate([np.arange(40), np.arange(10)])
    weighted = fit_pair_whitening(first, *PAIRS, power=-0.25, weights=weights)
    repeated = fit_pair_whitening(first, PAIRS[0][rows], PAIRS[1][rows], power=-0.25)
    np.testing.assert_allclose(weighted.matrix, repeated.matrix, atol=1e-10)


@pytest.mark.parametrize("weights", [[0, 0, 0], [-1, 1, 1], [1, 1], [np.nan, 1, 1], [np.inf, 1, 1]])
def test_weights_that_weigh_nothing_are_refused(weights):
    with pytest.raises(EmbeddingError, match="3 pairs have weights of shape"):
        fit_pair_whitening(Transform.identity(6), QUERIES[:3], DOCUMENTS[:3], power=-0.25, weights=weights)


def test_queries_and_documents_that_are_no_pairs_are_refused():
    with pytest.raises(DimensionError, match="3 queries and 2 documents are no pairs"):
        fit_pair_whitening(Transform.identity(6), QUERIES[:3], DOCUMENTS[:2], power=-0.25)
    with pytest.raises(EmbeddingError, match="There is no pair"):
        fit_pair_whitening(Transform.identity(6), QUERIES[:0], DOCUMENTS[:0], power=-0.25)

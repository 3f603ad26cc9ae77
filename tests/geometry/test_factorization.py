import numpy as np
import pytest

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.factorization import (
    Factorization,
    cosines,
    factor_factorization,
    product_factorization,
    standardized,
)

GENERATOR = np.random.default_rng(0)
X = (GENERATOR.random((60, 8)) < GENERATOR.uniform(0.1, 0.7, size=8)).astype(float)
STRENGTH = 3.0
FACTORS = np.random.default_rng(2).lognormal(size=5)
BALANCES = [-0.5, 0.0, 0.5]


def first_objective(fit: Factorization) -> float:
    product = fit.user_map @ fit.items.T
    return np.sum((X - X @ product) ** 2) + STRENGTH * np.sum(product**2)


def second_objective(fit: Factorization, strength: float = STRENGTH) -> float:
    users = fit.users(X)
    error = np.sum((X - users @ fit.items.T) ** 2)
    return error + strength * (np.sum(users**2) + np.sum(fit.items**2))


@pytest.mark.parametrize("balance", BALANCES)
def test_at_full_rank_the_product_is_the_ridge_regression_of_the_data_on_itself(balance):
    fit = product_factorization(X, rank=8, strength=STRENGTH, balance=balance)
    ridge = np.linalg.solve(X.T @ X + STRENGTH * np.eye(8), X.T @ X)
    np.testing.assert_allclose(fit.user_map @ fit.items.T, ridge, atol=1e-10)


@pytest.mark.parametrize("rank", [3, 8])
@pytest.mark.parametrize(
    ("fit", "objective"),
    [(product_factorization, first_objective), (factor_factorization, second_objective)],
)
def test_no_step_in_any_direction_lowers_the_objective(fit, objective, rank):
    best = fit(X, rank=rank, strength=STRENGTH)
    generator = np.random.default_rng(1)
    for size in (1e-3, 1e-2, 0.1) * 20:
        step = size * generator.normal(size=(2, 8, rank))
        moved = Factorization(best.user_map + step[0], best.items + step[1])
        assert objective(moved) >= objective(best)


def test_weight_decay_reaches_the_optimum_of_the_nuclear_norm():
    # min over factors of strength * (|P|**2 + |Q|**2) is 2 * strength * nuclear norm of P Q'
    singular = np.linalg.svd(X, compute_uv=False)
    kept = np.maximum(0, singular - STRENGTH)
    expected = np.sum((singular - kept) ** 2) + 2 * STRENGTH * kept.sum()
    assert second_objective(factor_factorization(X, rank=8, strength=STRENGTH)) == pytest.approx(expected)


def test_a_singular_value_below_the_strength_is_dropped():
    singular = np.linalg.svd(X, compute_uv=False)
    fit = factor_factorization(X, rank=8, strength=(singular[2] + singular[3]) / 2)
    assert np.linalg.matrix_rank(fit.items) == 3


def test_at_full_rank_one_solution_makes_every_two_items_unrelated():
    fit = product_factorization(X, rank=8, strength=STRENGTH, balance=0.5)
    np.testing.assert_allclose(cosines(fit.items), np.eye(8), atol=1e-10)


def test_the_same_solution_ranks_items_for_a_user_by_cosine_as_by_inner_product():
    fit = product_factorization(X, rank=8, strength=STRENGTH, balance=0.5)
    users = fit.users(X)
    by_cosine = users @ fit.items.T / np.linalg.norm(fit.items, axis=1)
    np.testing.assert_allclose(by_cosine, fit.projected(X), atol=1e-10)


def test_another_solution_gives_users_the_cosines_of_the_raw_data():
    fit = product_factorization(X, rank=8, strength=STRENGTH, balance=-0.5)
    np.testing.assert_allclose(cosines(fit.users(X)), cosines(X), atol=1e-10)


def test_rescaling_keeps_every_inner_product_and_changes_the_cosines():
    fit = product_factorization(X, rank=5, strength=STRENGTH)
    other = fit.rescaled(FACTORS)
    np.testing.assert_allclose(fit.projected(X), other.projected(X), atol=1e-10)
    assert first_objective(fit) == pytest.approx(first_objective(other))
    assert second_objective(fit) != pytest.approx(second_objective(other))
    assert np.abs(cosines(fit.items) - cosines(other.items)).max() > 0.05


def test_the_solutions_of_every_balance_are_rescalings_of_one_another():
    plain, tilted = (product_factorization(X, rank=5, strength=STRENGTH, balance=b) for b in (0.0, 0.5))
    singular = np.linalg.svd(X, compute_uv=False)[:5]
    rescaled = plain.rescaled(np.sqrt(singular**2 / (singular**2 + STRENGTH)))
    np.testing.assert_allclose(np.abs(rescaled.items), np.abs(tilted.items), atol=1e-8)


def test_cosines_in_the_original_space_do_not_depend_on_the_rescaling():
    fit = product_factorization(X, rank=5, strength=STRENGTH)
    other = fit.rescaled(FACTORS)
    for rows in (lambda f: f.projected(X), lambda f: f.projected(X).T):
        np.testing.assert_allclose(cosines(rows(fit)), cosines(rows(other)), atol=1e-9)


def test_standardised_columns_have_mean_zero_and_variance_one_and_constants_vanish():
    found = standardized(np.column_stack([X * 1e6 + 3, np.full(60, 0.1)]))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-9)
    assert found.std(axis=0).tolist() == pytest.approx([1.0] * 8 + [0.0])


def test_data_of_lower_rank_than_asked_is_factorised_all_the_same():
    flat = np.outer(np.arange(5.0), [1.0, 2.0, 3.0])
    for fit in (product_factorization, factor_factorization):
        found = fit(flat, rank=3, strength=1.0)
        assert np.isfinite(found.items).all()
        assert np.linalg.matrix_rank(found.projected(flat), tol=1e-5) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 0, "strength": 1.0}, "rank is 0; a number from 1 to 8"),
        ({"rank": 9, "strength": 1.0}, "rank is 9"),
        ({"rank": 2, "strength": 0.0}, "strength is 0.0"),
        ({"rank": 2, "strength": float("nan")}, "strength is nan"),
        ({"rank": 2, "strength": 1.0, "balance": 0.6}, "balance is 0.6"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_in_words(arguments, message):
    with pytest.raises(EmbeddingError, match=message):
        product_factorization(X, **arguments)


def test_bad_data_and_factors_are_refused_in_words():
    with pytest.raises(EmbeddingError, match="a matrix of finite numbers"):
        standardized([[1.0, np.nan]])
    fit = product_factorization(X, rank=2, strength=1.0)
    for factors in ([1.0], [1.0, 0.0], [1.0, np.inf]):
        with pytest.raises(EmbeddingError, match="2 above 0 are needed"):
            fit.rescaled(factors)

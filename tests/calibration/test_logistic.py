from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from norm_aware.calibration.logistic import fit_logistic
from norm_aware.numeric.logistic_similarity import LogisticSimilarity

PAIRS = 400


def pairs(seed: int, *, of_cosine: float = 6.0, of_norm: float = 1.0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    cosine = generator.uniform(-1, 1, size=PAIRS)
    norms = generator.normal(5, 1, size=(2, PAIRS))
    logit = of_cosine * cosine + of_norm * (norms[1] - 5) - 1
    return {
        "cosine": cosine,
        "query_norm": norms[0],
        "document_norm": norms[1],
        "relevant": generator.random(PAIRS) < expit(logit),
        "weights": generator.uniform(0.1, 1, size=PAIRS),
    }


def fit(given: dict[str, np.ndarray]) -> LogisticSimilarity:
    rest = {name: given[name] for name in ("relevant", "weights")}
    return fit_logistic(given["cosine"], given["query_norm"], given["document_norm"], **rest)


def test_where_no_bound_is_met_it_is_scikit_learns_ridge_regression():
    given = pairs(0)
    zq, zd = (
        np.clip((given[n] - given[n].mean()) / given[n].std(), -3, 3) for n in ("query_norm", "document_norm")
    )
    cosine = given["cosine"]
    features = np.stack([np.ones(PAIRS), cosine, zq, zd, cosine * (3 + zd), cosine * (3 - zd)], axis=1)
    share = given["weights"] / given["weights"].sum()
    model = LogisticRegression(C=1e3, fit_intercept=False, tol=1e-10, max_iter=10_000)
    coefficients = model.fit(features, given["relevant"], sample_weight=share).coef_[0]
    assert (coefficients[[1, 4, 5]] > 0).all()
    found = fit(given).score(cosine, given["query_norm"], given["document_norm"])
    np.testing.assert_allclose(found, features @ coefficients, atol=0.02)


def test_it_finds_what_relevance_depends_on():
    found = fit(pairs(1, of_cosine=8.0, of_norm=-2.0))
    assert found.cosine > 2
    assert found.document_norm < -0.5
    assert abs(found.query_norm) < 0.5


@given(st.integers(0, 1000), st.floats(-8, 8), st.floats(-3, 3))
@settings(max_examples=15)
def test_a_higher_cosine_never_scores_lower_whatever_the_judgements_say(seed, of_cosine, of_norm):
    found = fit(pairs(seed, of_cosine=of_cosine, of_norm=of_norm))
    scores = found.score(np.linspace(-1, 1, 9)[:, None], 5.0, np.linspace(0, 10, 7))
    assert (np.diff(scores, axis=0) >= -1e-9).all()


def test_documents_that_can_be_told_apart_perfectly_have_finite_scores():
    given = pairs(2)
    given["relevant"] = given["cosine"] > 0.3
    found = fit(given)
    scores = found.score(given["cosine"], given["query_norm"], given["document_norm"])
    assert np.isfinite(scores).all()
    assert scores[given["relevant"]].min() > scores[~given["relevant"]].max()


def test_a_pair_of_weight_2_counts_as_the_pair_given_twice():
    given = pairs(3)
    rows = np.concatenate([np.arange(PAIRS), np.arange(100)])
    repeated = {name: values[rows] for name, values in given.items()}
    weighted = {**given, "weights": given["weights"] * np.where(np.arange(PAIRS) < 100, 2.0, 1.0)}
    moments = [(v["document_norm"].mean(), v["document_norm"].std()) for v in (repeated, given)]
    norm = np.array([4.0, 5.0, 6.0])
    at = [norm, (norm - moments[0][0]) / moments[0][1] * moments[1][1] + moments[1][0]]
    assert at[0] == pytest.approx(at[1], abs=0.2)
    np.testing.assert_allclose(
        fit(repeated).score(0.4, 5.0, norm), fit(weighted).score(0.4, 5.0, norm), atol=0.1
    )


def test_constant_norms_count_for_nothing():
    given = {**pairs(4, of_norm=0.0), "query_norm": np.ones(PAIRS), "document_norm": np.ones(PAIRS)}
    found = fit(given)
    assert (found.query_norm, found.document_norm) == (0, 0)
    assert found.cosine > 1

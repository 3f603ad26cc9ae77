import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.geometry.symmetry import FEWEST, is_symmetric, symmetry


def cloud(n, seed, *, shift=0.0, dimension=24):
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(dimension, dimension))
    return generator.normal(size=(n, dimension)) @ mixing + shift * np.arange(dimension) / dimension


@pytest.mark.parametrize("queries", [50, 300])
def test_two_samples_of_one_distribution_are_symmetric_whatever_their_lengths(queries):
    for seed in range(5):
        found = symmetry(cloud(queries, seed), 7 * cloud(800, seed + 50), seed=seed)
        assert found.is_symmetric
        assert found.distance < 0.2


@pytest.mark.parametrize("queries", [50, 300])
def test_a_shift_in_a_direction_tells_the_sides_apart(queries):
    for seed in range(5):
        assert not is_symmetric(cloud(queries, seed, shift=15.0), cloud(800, seed + 50), seed=seed)


def test_a_set_and_itself_are_symmetric():
    rows = cloud(200, 0)
    assert symmetry(rows, rows).auc <= 0.55
    assert symmetry(rows, rows).distance == 0


def test_the_auc_agrees_with_scikit_learns_discriminant():
    queries, documents = cloud(200, 0, shift=1.0), cloud(1000, 1)
    sides = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, documents)]
    scores = []
    for fold in range(10):
        train = [np.delete(side, np.s_[fold::10], axis=0) for side in sides]
        labels = np.repeat([1, 0], [len(side) for side in train])
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1).fit(np.concatenate(train), labels)
        test = [side[fold::10] for side in sides]
        truth = np.repeat([1, 0], [len(side) for side in test])
        scores.append(roc_auc_score(truth, model.decision_function(np.concatenate(test))))
    assert 0.6 < np.mean(scores) < 0.95
    assert symmetry(queries, documents).auc == pytest.approx(np.mean(scores), abs=0.03)


def test_the_distance_is_that_of_the_means_in_units_of_the_spread():
    generator = np.random.default_rng(0)
    base = generator.normal(0, 0.01, size=(2000, 12)) + np.eye(12)[0]
    other = generator.normal(0, 0.01, size=(2000, 12)) + np.eye(12)[0] + 0.02 * np.eye(12)[1]
    # eleven directions across, each with a standard deviation of 0.01
    assert symmetry(base, other).distance == pytest.approx(0.02 / (0.01 * np.sqrt(11)), rel=0.05)


def test_more_dimensions_than_embeddings_are_no_hindrance():
    queries, documents = cloud(40, 0, dimension=100), cloud(60, 1, dimension=100)
    assert is_symmetric(queries, documents)
    assert not is_symmetric(queries + 20 * np.arange(100) / 100, documents)


def test_sides_without_any_spread_are_told_apart_or_not_by_where_they_are():
    left, right = np.tile([1.0, 0.0], (50, 1)), np.tile([0.0, 1.0], (50, 1))
    assert symmetry(left, right).auc == 1
    assert symmetry(left, left).auc == 0.5


def test_the_same_seed_gives_the_same_answer():
    rows = cloud(3000, 0), cloud(3000, 1)
    assert symmetry(*rows, seed=2) == symmetry(*rows, seed=2)
    assert symmetry(*rows, seed=2).queries == 2000


def test_too_few_directions_are_refused_in_words():
    rows = np.concatenate([cloud(FEWEST - 1, 0), np.zeros((5, 24))])
    with pytest.raises(EmbeddingError, match=r"29 queries and 100 documents have a direction.*Keep cosine"):
        symmetry(rows, cloud(100, 1))
    with pytest.raises(DimensionError):
        symmetry(cloud(100, 0)[:, :5], cloud(100, 1))

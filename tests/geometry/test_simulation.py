import numpy as np
import pytest

from norm_aware.errors import EmbeddingError
from norm_aware.geometry import simulation as module
from norm_aware.geometry.factorization import cosines, factor_factorization, product_factorization
from norm_aware.geometry.simulation import simulate
from norm_aware.numeric.effect_size import auc


@pytest.fixture(scope="module")
def data():
    return simulate(users=3000, items=150, most=40, seed=0)


def within_and_between(items, cluster):
    similar = cosines(items)
    upper = np.triu(np.ones(similar.shape, dtype=bool), 1)
    same = cluster[:, None] == cluster
    return similar[upper & same], similar[upper & ~same]


def test_every_user_takes_between_one_and_the_most_different_items(data):
    taken = data.taken.sum(axis=1)
    assert set(np.unique(data.taken)) == {0, 1}
    assert (taken.min(), taken.max()) == (1, 40)


def test_how_many_a_user_takes_follows_the_power_law(data):
    counts = np.bincount(data.taken.sum(axis=1).astype(int), minlength=41)[1:]
    expected = np.arange(1, 41) ** -0.5
    expected *= 3000 / expected.sum()
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())


def test_items_of_low_rank_in_their_cluster_are_the_popular_ones(data):
    taken = data.taken.sum(axis=0)
    for cluster in range(5):
        members = taken[data.cluster == cluster]
        if len(members) >= 10:
            assert members[: len(members) // 3].mean() > members[-len(members) // 3 :].mean()


def test_the_blocks_do_not_change_the_shape_and_the_seed_decides_the_data(data, monkeypatch):
    again = simulate(users=3000, items=150, most=40, seed=0)
    np.testing.assert_array_equal(again.taken, data.taken)
    monkeypatch.setattr(module, "_BLOCK", 150 * 7)
    assert simulate(users=20, items=150).taken.sum(axis=1).min() >= 1
    assert (simulate(users=20, items=150, seed=1).taken != simulate(users=20, items=150).taken).any()


def test_one_rescaling_hides_the_clusters_that_another_shows(data):
    quality = {}
    for balance in (-0.5, 0.0, 0.5):
        fit = product_factorization(data.taken, rank=50, strength=500.0, balance=balance)
        quality[balance] = auc(*within_and_between(fit.items, data.cluster))
    assert quality[-0.5] > 0.9
    assert quality[0.5] + 0.05 < quality[0.0] < quality[-0.5] - 0.05


def test_weight_decay_shows_the_clusters(data):
    fit = factor_factorization(data.taken, rank=50, strength=25.0)
    kept = np.linalg.norm(fit.items, axis=1) > 1e-9
    within, between = within_and_between(fit.items[kept], data.cluster[kept])
    assert auc(within, between) > 0.95


@pytest.mark.parametrize("sizes", [{"users": 0}, {"items": 4}, {"clusters": 0}, {"most": 0}])
def test_sizes_that_make_no_data_are_refused_in_words(sizes):
    with pytest.raises(EmbeddingError, match="as many items as clusters"):
        simulate(**sizes)

import numpy as np
import pytest

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.anisotropy import anisotropy

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(60, 8)) @ GENERATOR.normal(size=(8, 8)) + GENERATOR.normal(size=8)


def units(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_mean_cosine_is_that_of_all_pairs():
    cosines = units(ROWS) @ units(ROWS).T
    expected = cosines[~np.eye(60, dtype=bool)].mean()
    assert anisotropy(ROWS).mean_cosine == pytest.approx(expected, abs=1e-6)


def test_the_spectrum_and_effective_rank_are_those_of_the_singular_values():
    centred = units(ROWS) - units(ROWS).mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    share = singular / singular.sum()
    found = anisotropy(ROWS)
    np.testing.assert_allclose(found.spectrum, singular**2 / (singular**2).sum(), atol=1e-6)
    assert found.effective_rank == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-5)
    assert found.share(3) == pytest.approx(sum(found.spectrum[:3]))


def test_an_even_cloud_fills_every_dimension_and_a_flat_one_only_its_own():
    even = np.random.default_rng(1).normal(size=(5000, 10))
    flat = np.concatenate([even[:, :3], np.zeros((5000, 7))], axis=1)
    assert anisotropy(even).effective_rank == pytest.approx(10, abs=0.05)
    assert anisotropy(flat).effective_rank == pytest.approx(3, abs=0.05)
    assert anisotropy(even).mean_cosine == pytest.approx(0, abs=0.001)


def test_lengths_and_zero_vectors_do_not_matter():
    factors = np.random.default_rng(1).lognormal(size=(60, 1))
    stretched = np.concatenate([ROWS * factors, np.zeros((5, 8))])
    assert anisotropy(stretched).mean_cosine == pytest.approx(anisotropy(ROWS).mean_cosine, abs=1e-6)
    assert anisotropy(stretched).effective_rank == pytest.approx(anisotropy(ROWS).effective_rank, rel=1e-5)


def test_directions_that_cannot_be_compared_are_refused_in_words():
    with pytest.raises(EmbeddingError, match="1 document has a direction"):
        anisotropy([[1.0, 2.0], [0.0, 0.0]])
    with pytest.raises(EmbeddingError, match="All 3 documents have the same direction"):
        anisotropy([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])

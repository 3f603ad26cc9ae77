import numpy as np
import pytest

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.geometry import gauge as module
from norm_aware.geometry.gauge import gauge_sensitivity

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(300, 8)) * GENERATOR.lognormal(0, 0.5, size=(300, 1))
QUERIES = GENERATOR.normal(size=(30, 8))


@pytest.mark.parametrize("block", [1 << 22, 1000])
def test_the_overlap_is_that_of_cosine_rankings_of_rescaled_embeddings(block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)

    def top(queries, documents):
        cosines = queries @ documents.T / np.linalg.norm(documents, axis=1)
        return [set(row) for row in np.argsort(-cosines, axis=1)[:, :10]]

    factors = np.exp(0.5 * np.random.default_rng(4).normal(size=(3, 8)))
    before = top(QUERIES, DOCUMENTS)
    overlaps = [
        len(old & new) / 10
        for factor in factors
        for old, new in zip(before, top(QUERIES * factor, DOCUMENTS / factor), strict=True)
    ]
    found = gauge_sensitivity(DOCUMENTS, queries=QUERIES, draws=3, seed=4)
    assert found == pytest.approx(np.mean(overlaps), abs=1e-3)
    assert found < 1


def test_the_stronger_the_rescaling_the_less_of_the_ranking_stays():
    found = [gauge_sensitivity(DOCUMENTS, queries=QUERIES, sigma=sigma) for sigma in (1e-6, 0.2, 0.5, 2.0)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(1, abs=0.01)


def test_documents_ask_for_other_documents_where_there_are_no_queries():
    assert 0.2 < gauge_sensitivity(DOCUMENTS) < 1
    assert gauge_sensitivity(DOCUMENTS[:5]) == 1  # all four others are always found


def test_the_same_seed_gives_the_same_overlap():
    assert gauge_sensitivity(DOCUMENTS, seed=1) == gauge_sensitivity(DOCUMENTS, seed=1)


def test_zero_and_tiny_vectors_are_ranked_without_a_warning():
    padded = np.concatenate([DOCUMENTS, np.zeros((2, 8)), np.full((2, 8), 1e-30)])
    assert 0 < gauge_sensitivity(padded, queries=np.concatenate([QUERIES, np.zeros((1, 8))])) <= 1


def test_bad_input_is_refused_in_words():
    with pytest.raises(EmbeddingError, match="sigma 0"):
        gauge_sensitivity(DOCUMENTS, sigma=0)
    with pytest.raises(EmbeddingError, match="k 0"):
        gauge_sensitivity(DOCUMENTS, k=0)
    with pytest.raises(DimensionError):
        gauge_sensitivity(DOCUMENTS, queries=QUERIES[:, :3])

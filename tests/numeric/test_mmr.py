from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from llama_index.core.indices.query.embedding_utils import get_top_k_mmr_embeddings

from norm_aware.numeric.mmr import as_relevance, diversify

numbers = st.floats(-10, 10, width=32)
seeds = st.integers(0, 10_000)
thresholds = st.floats(0, 1)


def world(seed: int, size: int = 12, dimension: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores (best first), cosines and documents of a search by dot over skewed norms."""
    generator = np.random.default_rng(seed)
    documents = generator.normal(size=(size, dimension)) * generator.lognormal(0, 1, size=(size, 1))
    query = generator.normal(size=dimension)
    documents = documents[np.argsort(-(documents @ query))]
    cosines = documents @ query / np.linalg.norm(documents, axis=1) / np.linalg.norm(query)
    return documents @ query, cosines, documents


def brute_force(relevance, documents, limit: int, threshold: float) -> list[int]:
    """Carbonell and Goldstein's greedy choice, document by document."""

    def cosine(a, b) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    chosen = [int(np.argmax(relevance))]
    while len(chosen) < min(limit, len(documents)):
        gains = {
            i: threshold * relevance[i]
            - (1 - threshold) * max(cosine(documents[i], documents[j]) for j in chosen)
            for i in range(len(documents))
            if i not in chosen
        }
        chosen.append(max(gains, key=lambda i: gains[i]))
    return chosen


@given(seed=seeds, limit=st.integers(1, 15), threshold=thresholds)
def test_the_greedy_choice_is_brute_force(seed, limit, threshold):
    scores, cosines, documents = world(seed)
    expected = brute_force(as_relevance(scores, cosines), documents, limit, threshold)
    found = diversify(scores, cosines, documents, limit=limit, threshold=threshold)
    assert found.tolist() == expected


@given(seed=seeds, threshold=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]))
def test_of_cosines_it_chooses_as_a_textbook_of_two_documents_does(seed, threshold):
    # LlamaIndex's own compares with the last chosen alone, which for two documents is all that are
    _, cosines, documents = world(seed)
    order = np.argsort(-cosines)
    cosines, documents = cosines[order], documents[order]
    query = np.linalg.lstsq(documents, cosines * np.linalg.norm(documents, axis=1), rcond=None)[0]
    _, expected = get_top_k_mmr_embeddings(
        query.tolist(), documents.tolist(), similarity_top_k=2, mmr_threshold=threshold
    )
    assert diversify(cosines, cosines, documents, limit=2, threshold=threshold).tolist() == expected


@given(seed=seeds, threshold=thresholds, scale=arrays(float, 12, elements=st.floats(0.01, 100)))
def test_scaling_any_documents_norm_changes_nothing_about_diversity(seed, threshold, scale):
    scores, cosines, documents = world(seed)
    plain = diversify(scores, cosines, documents, limit=12, threshold=threshold)
    scaled = diversify(scores, cosines, documents * scale[:, None], limit=12, threshold=threshold)
    relevance, chosen = as_relevance(scores, cosines), plain.tolist()
    if scaled.tolist() != chosen:  # only where rounding decides a tie
        at = next(i for i in range(12) if scaled[i] != chosen[i])
        units = documents / np.linalg.norm(documents, axis=1, keepdims=True)
        nearness = (units @ units[chosen[:at]].T).max(axis=1)
        gains = threshold * relevance - (1 - threshold) * nearness
        assert gains[scaled[at]] == pytest.approx(gains[chosen[at]], abs=1e-9)


@given(seed=seeds, limit=st.integers(1, 15))
def test_with_a_threshold_of_one_the_ranking_stays_as_it_is(seed, limit):
    scores, cosines, documents = world(seed)
    found = diversify(scores, cosines, documents, limit=limit, threshold=1)
    assert found.tolist() == list(range(min(limit, 12)))


@given(scores=arrays(float, 8, elements=numbers), slope=st.floats(0.01, 100), shift=numbers)
def test_the_scale_of_a_similarity_means_nothing(scores, slope, shift):
    cosines = np.linspace(0.9, -0.3, 8)
    relevance = as_relevance(scores, cosines)
    if np.ptp(scores) > 1e-3:
        assert as_relevance(scores * slope + shift, cosines) == pytest.approx(relevance, abs=1e-6)
        assert relevance.mean() == pytest.approx(cosines.mean())
        assert relevance.std() == pytest.approx(cosines.std())


def test_duplicates_and_zero_vectors_are_chosen_once():
    documents = [[1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 3.0]]
    found = diversify([4.0, 3.0, 2.0, 1.0], [1.0, 1.0, 0.0, 0.0], documents, limit=9, threshold=0.3)
    assert sorted(found.tolist()) == [0, 1, 2, 3]
    assert found[-1] == 1  # the duplicate


def test_of_nothing_nothing_is_chosen():
    assert diversify([], [], np.zeros((0, 3)), limit=3, threshold=0.5).tolist() == []

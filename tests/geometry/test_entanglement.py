import numpy as np
import pytest

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.geometry.entanglement import entanglement

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(300, 8)) * GENERATOR.lognormal(0, 0.5, size=(300, 1))
QUERIES = GENERATOR.normal(size=(40, 8)) + 0.3


def test_the_sample_agrees_with_all_pairs():
    lengths = [np.linalg.norm(rows, axis=1) for rows in (QUERIES, DOCUMENTS)]
    product = np.outer(*lengths)
    expected = np.corrcoef((QUERIES @ DOCUMENTS.T / product).ravel(), np.log(product).ravel())[0, 1]
    assert entanglement(DOCUMENTS, queries=QUERIES) == pytest.approx(expected, abs=0.01)


def test_documents_are_paired_with_others_only():
    two = np.array([[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    lengths = np.linalg.norm(two, axis=1)
    cosines, products = two @ two.T / np.outer(lengths, lengths), np.outer(lengths, lengths)
    off = ~np.eye(3, dtype=bool)
    expected = np.corrcoef(cosines[off], np.log(products[off]))[0, 1]
    assert entanglement(two) == pytest.approx(expected, abs=0.01)


def test_lengths_drawn_apart_from_directions_are_not_entangled():
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(4000, 8)) * generator.lognormal(size=(4000, 1))
    assert abs(entanglement(rows)) < 0.03


def test_documents_that_grow_towards_the_queries_are_entangled():
    towards = np.exp(2 * DOCUMENTS @ np.ones(8) / np.linalg.norm(DOCUMENTS, axis=1))
    directions = DOCUMENTS / np.linalg.norm(DOCUMENTS, axis=1, keepdims=True)
    assert entanglement(directions * towards[:, None], queries=np.ones((5, 8)) + QUERIES[:5] / 9) > 0.8


def test_pairs_with_a_zero_vector_do_not_count():
    padded = np.concatenate([DOCUMENTS, np.zeros((300, 8))])
    found = entanglement(padded, queries=QUERIES)
    assert found == pytest.approx(entanglement(DOCUMENTS, queries=QUERIES), abs=0.02)


def test_what_has_no_correlation_is_refused_in_words():
    unit = DOCUMENTS / np.linalg.norm(DOCUMENTS, axis=1, keepdims=True)
    with pytest.raises(EmbeddingError, match="log norms are"):
        entanglement(3 * unit)
    with pytest.raises(EmbeddingError, match="No pair of embeddings has a length above 0"):
        entanglement(np.zeros((3, 2)))
    with pytest.raises(DimensionError):
        entanglement(DOCUMENTS, queries=QUERIES[:, :3])

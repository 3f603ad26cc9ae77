import numpy as np
import pytest

from norm_aware.errors import DatasetError, DimensionError, EmbeddingError
from norm_aware.geometry.uniformity import uniformity

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(40, 6)) * GENERATOR.lognormal(size=(40, 1)) + 0.3
QUERIES = GENERATOR.normal(size=(7, 6))
JUDGEMENTS = [{0: 1, 5: 2}, {}, {3: 0}, {3: 1}, {39: 1}, {1: 1, 2: 1, 4: 1}, {7: -1}]


def units(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def loss(first, second, negative):
    """L_VRNS as its authors compute it: over masked cosines, about -1 / (n - 1), with power 2."""
    cosines = (units(first) @ units(second).T)[negative]
    return cosines, np.mean((cosines + 1 / (len(second) - 1)) ** 2)


def test_document_pairs_have_the_moments_of_all_pairs():
    cosines, expected = loss(DOCUMENTS, DOCUMENTS, ~np.eye(40, dtype=bool))
    found = uniformity(DOCUMENTS)
    assert (found.mean, found.variance) == pytest.approx((cosines.mean(), cosines.var()), abs=1e-6)
    assert found.penalty == pytest.approx(expected, abs=1e-6)
    assert (found.pairs, found.target) == (40 * 39, -1 / 39)


def test_judged_pairs_leave_out_a_querys_relevant_documents():
    negative = np.ones((7, 40), dtype=bool)
    for query, grades in enumerate(JUDGEMENTS):
        negative[query, [document for document, grade in grades.items() if grade > 0]] = False
    cosines, expected = loss(QUERIES, DOCUMENTS, negative)
    found = uniformity(DOCUMENTS, queries=QUERIES, judgements=JUDGEMENTS)
    assert (found.mean, found.variance) == pytest.approx((cosines.mean(), cosines.var()), abs=1e-6)
    assert found.penalty == pytest.approx(expected, abs=1e-6)
    assert found.pairs == negative.sum()


def test_zero_vectors_on_either_side_change_nothing():
    documents, queries = (
        np.concatenate([DOCUMENTS, np.zeros((3, 6))]),
        np.concatenate([QUERIES, np.zeros((1, 6))]),
    )
    judgements = [{**JUDGEMENTS[0], 41: 1}, *JUDGEMENTS[1:], {0: 1}]
    padded = uniformity(documents, queries=queries, judgements=judgements)
    plain = uniformity(DOCUMENTS, queries=QUERIES, judgements=JUDGEMENTS)
    assert padded.pairs == plain.pairs
    assert (padded.mean, padded.variance) == pytest.approx((plain.mean, plain.variance))


def test_the_corners_of_a_simplex_reach_the_target_without_variance():
    simplex = np.eye(5) - 0.2
    found = uniformity(simplex)
    assert found.mean == pytest.approx(found.target, abs=1e-6)
    assert (found.bias, found.variance) == pytest.approx((0, 0), abs=1e-6)


def test_random_directions_vary_by_one_over_the_dimension():
    assert uniformity(np.random.default_rng(1).normal(size=(2000, 20))).variance == pytest.approx(
        1 / 20, rel=0.02
    )


def test_bad_input_is_refused_in_words():
    with pytest.raises(EmbeddingError, match="1 documents have a direction"):
        uniformity([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(EmbeddingError, match="make 0 negative pairs"):
        uniformity([[1.0, 0.0], [0.0, 1.0]], queries=[[1.0, 1.0]], judgements=[{0: 1, 1: 1}])
    with pytest.raises(DatasetError, match="1 queries have judgements and 7 have embeddings"):
        uniformity(DOCUMENTS, queries=QUERIES, judgements=[{}])
    with pytest.raises(DatasetError, match="document 40; there are 40"):
        uniformity(DOCUMENTS, queries=QUERIES, judgements=[{40: 1}] * 7)
    with pytest.raises(DimensionError):
        uniformity(DOCUMENTS, queries=QUERIES[:, :2], judgements=JUDGEMENTS)

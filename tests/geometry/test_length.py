import numpy as np
import pytest

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.length import length_relation, relevance_given_length

GENERATOR = np.random.default_rng(0)
LENGTHS = GENERATOR.integers(5, 400, size=3000)
NOISE = GENERATOR.normal(size=3000)
CHANCE = GENERATOR.random(3000)


def test_a_norm_that_falls_with_length_has_rank_correlation_minus_one_and_pearson_less():
    relation = length_relation(1 / np.sqrt(LENGTHS), LENGTHS)
    assert relation.spearman == pytest.approx(-1)
    assert -1 < relation.pearson < -0.6


def test_a_norm_that_only_measures_length_says_nothing_once_length_is_held_fixed():
    relevant = CHANCE < LENGTHS / 500
    norms = np.log1p(LENGTHS) + 0.3 * NOISE
    relation = relevance_given_length(norms, LENGTHS, relevant)
    assert relation.plain > 0.2
    assert abs(relation.given_length) < 0.06


def test_a_norm_that_marks_relevance_by_itself_still_does():
    relevant = CHANCE < 0.3
    relation = relevance_given_length(relevant + NOISE, LENGTHS, relevant)
    assert relation.given_length == pytest.approx(relation.plain, abs=0.02)


@pytest.mark.parametrize(
    ("norms", "lengths", "relevant", "what"),
    [
        ([1.0, 1.0, 1.0], [1, 2, 3], [True, False, True], "norms"),
        ([1.0, 2.0, 3.0], [5, 5, 5], [True, False, True], "text lengths"),
        ([1.0, 2.0, 3.0], [1, 2, 4], [False, False, False], "judgements of relevance"),
    ],
)
def test_what_does_not_vary_is_named(norms, lengths, relevant, what):
    with pytest.raises(EmbeddingError, match=f"All 3 {what} are"):
        relevance_given_length(norms, lengths, relevant)

from __future__ import annotations

import pytest
from hypothesis import given
from tests.similarities import every

from norm_aware import COSINE, EuclideanSimilarity, PowerSimilarity, WordRotatorSimilarity
from norm_aware.errors import QueryError
from norm_aware.numeric.parse_similarity import KINDS, parse_similarity
from norm_aware.numeric.similarity import NAMED


@given(every)
def test_every_name_parses_back_to_its_similarity(similarity):
    assert parse_similarity(similarity.name) == similarity
    assert parse_similarity(str(similarity)).name == similarity.name


def test_the_words_are_what_they_say():
    for name, similarity in NAMED.items():
        assert parse_similarity(name) is similarity
    assert parse_similarity("document_power=0.5") == PowerSimilarity(document_power=0.5)
    assert parse_similarity(" query_power=1  document_power=2 ") == PowerSimilarity(1, 2)
    assert parse_similarity("euclidean") == EuclideanSimilarity()
    assert parse_similarity("word_rotator weight=1") == WordRotatorSimilarity(1)
    assert parse_similarity(COSINE) is COSINE


@pytest.mark.parametrize("text", ["", "cosin", "document_power", "dot cosine", "Euclidean", 3, None])
def test_an_unknown_similarity_is_refused_with_the_ones_there_are(text):
    with pytest.raises(QueryError, match=r"cosine"):
        parse_similarity(text)


def test_an_unknown_name_is_answered_with_every_kind():
    with pytest.raises(QueryError) as refusal:
        parse_similarity("jaccard")
    assert all(name in str(refusal.value) for name in [*NAMED, *KINDS, "'jaccard'"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("document_power=x", "'document_power=x' gives document_power no number"),
        ("document_power=nan", "document_power is nan"),
        ("document_power=17", "document_power is 17.0"),
        ("document_power=1 document_power=2", "document_power is given twice.*'document_power=2'"),
        ("power=1", "'power=1' is no field of the power family, which has query_power, document_power"),
        ("word_rotator", "word_rotator lacks weight; write each as weight=NUMBER"),
        ("word_rotator wait=1", "'wait=1' is no field of word_rotator, which has weight"),
        ("word_rotator weight", "'weight' gives weight no number"),
        ("euclidean weight=1", "'weight=1' is no field of euclidean, which has none"),
        ("scaled alpha=0.5", "scaled lacks query_mean, query_scale, document_mean, document_scale"),
        ("radial slope=1 norm_mean=1 norm_scale=0", "norm_scale is 0.0; a number from"),
    ],
)
def test_an_unknown_field_or_value_is_refused_by_name(text, message):
    with pytest.raises(QueryError, match=message):
        parse_similarity(text)

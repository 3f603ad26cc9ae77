import numpy as np
import pytest

from norm_aware.diagnosis.evidence import Evidence
from norm_aware.errors import DatasetError, EmbeddingError


def evidence(documents, **given):
    nothing = {"queries": None, "judgements": None, "lengths": None, "seed": 0}
    return Evidence.of(documents, **(nothing | given))


def test_what_was_not_given_is_asked_for_in_words():
    found = evidence(np.eye(3))
    for require, what in (
        (found.require_queries, "queries"),
        (found.require_relevant, "judgements"),
        (found.require_lengths, "text lengths"),
    ):
        with pytest.raises(DatasetError, match=f"No {what} were given"):
            require()


def test_what_was_given_is_handed_out():
    found = evidence(np.eye(3), queries=np.ones((1, 3)), judgements=[{2: 1}], lengths=[1, 2, 3])
    assert found.require_queries().shape == (1, 3)
    assert found.require_relevant().tolist() == [False, False, True]
    assert found.require_lengths().tolist() == [1, 2, 3]


def test_raw_documents_pass_and_unit_vectors_do_not():
    evidence(2 * np.eye(3)).require_raw()
    with pytest.raises(EmbeddingError, match="All 3 documents have length 1"):
        evidence(np.eye(3)).require_raw()


def test_a_query_without_a_relevant_document_is_not_counted_as_judged():
    counts = evidence(np.eye(3), judgements=[{0: 1}, {1: 0}, {}]).counts()
    assert (counts["judged queries"], counts["relevant documents"]) == (1, 1)
    assert "queries" not in counts


def test_shared_measures_are_taken_once():
    found = evidence(np.random.default_rng(0).normal(size=(20, 3)))
    assert found.hubness is found.hubness
    assert found.anisotropy is found.anisotropy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.ablation.held_out import hold_out
from norm_aware.errors import TrainingError
from norm_aware.training.pairs import Pair

PAIRS = [Pair(f"question {i % 30}", f"document {i % 40}") for i in range(60)]


@given(st.integers(2, 28), st.integers(0, 60), st.integers(0, 5))
def test_a_held_out_query_is_trained_on_nowhere_and_all_its_documents_are_judged(queries, documents, seed):
    rest, judged = hold_out(PAIRS, queries, documents=documents, seed=seed)
    assert len(judged.queries) == queries
    assert not {pair.query for pair in rest} & set(judged.queries)
    assert {pair.query for pair in rest} | set(judged.queries) == {pair.query for pair in PAIRS}
    found = {
        (judged.queries[query], judged.documents[document])
        for query, document in zip(judged.judgements.query, judged.judgements.document, strict=True)
    }
    assert found == {(pair.query, pair.document) for pair in PAIRS if pair.query in judged.queries}


def test_the_set_has_as_many_documents_as_asked_for_each_once_the_relevant_ones_among_them():
    _, judged = hold_out(PAIRS, 5, documents=20)
    assert len(set(judged.documents)) == len(judged.documents) == 20


def test_the_seed_decides_what_is_held_out():
    assert hold_out(PAIRS, 5, seed=1)[1].queries == hold_out(PAIRS, 5, seed=1)[1].queries
    assert hold_out(PAIRS, 5, seed=1)[1].queries != hold_out(PAIRS, 5, seed=2)[1].queries


@pytest.mark.parametrize("queries", [-1, 0, 1, 30])
def test_to_hold_out_fewer_than_two_or_everything_is_refused(queries):
    with pytest.raises(TrainingError, match="of 30 different queries are to be held out"):
        hold_out(PAIRS, queries)

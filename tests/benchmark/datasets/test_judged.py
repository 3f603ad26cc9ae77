import pytest

from norm_aware.benchmark.datasets.dataset import Document, Query
from norm_aware.benchmark.datasets.judged import judged_dataset
from norm_aware.errors import DatasetError

DOCUMENTS = [Document("d1", "", "one"), Document("d2", "", "two")]
QUERIES = [Query("q1", "x"), Query("q2", "y"), Query("q3", " ")]


def test_queries_with_a_relevant_document_are_kept_and_unknown_documents_dropped_and_counted():
    grades = [("q1", "d1", 1.0), ("q1", "gone", 1), ("q2", "d2", 0), ("q9", "d1", 1), ("q3", "d1", 1)]
    dataset = judged_dataset("made", DOCUMENTS, QUERIES, grades)
    assert dataset.queries == (QUERIES[0],)
    assert dataset.qrels == {"q1": {"d1": 1}}
    assert dataset.dropped_judgements == 1


def test_of_two_grades_for_a_pair_the_higher_counts():
    dataset = judged_dataset("made", DOCUMENTS, QUERIES, [("q1", "d1", 2), ("q1", "d1", 1)])
    assert dataset.qrels == {"q1": {"d1": 2}}


@pytest.mark.parametrize(
    ("documents", "queries", "grades", "message"),
    [
        (DOCUMENTS * 2, QUERIES, [], "document 'd1' is there twice"),
        (DOCUMENTS, QUERIES * 2, [], "query 'q1' is there twice"),
        (DOCUMENTS, QUERIES, [("q1", "d1", 0.5)], "score 0.5 of query 'q1' is not a whole number"),
        (DOCUMENTS, QUERIES, [("q1", "d1", 0)], "no query has a relevant document"),
        (DOCUMENTS, QUERIES, [], "no query has a relevant document"),
    ],
)
def test_what_cannot_be_measured_by_is_refused(documents, queries, grades, message):
    with pytest.raises(DatasetError, match=message):
        judged_dataset("made", documents, queries, grades)

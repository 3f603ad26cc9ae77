import pytest

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query, question_digest
from norm_aware.errors import DatasetError

DOCUMENTS = (Document("d1", "T", "one"), Document("d2", "", "two"), Document("3", "", "three"))
QUERIES = (Query("q1", "first?", ("a", "b")), Query("q2", "second?", ("c",)))
QRELS = {"q1": {"d1": 2, "d2": 1, "3": 0}, "q2": {"d2": 1}}


def made(documents=DOCUMENTS, queries=QUERIES, qrels=QRELS):
    return Dataset("made", documents, queries, qrels)


def judged(relevant):
    """A dataset whose query i is judged by the documents of the i-th set."""
    documents = tuple(Document(f"d{i}", "", "x") for i in range(8))
    queries = tuple(Query(f"q{i}", "x") for i in range(len(relevant)))
    qrels = {f"q{i}": {f"d{d}": 1 for d in found} for i, found in enumerate(relevant) if found}
    return Dataset("judged", documents, queries, qrels)


def test_a_larger_sample_holds_the_smaller_one():
    dataset = made(queries=tuple(Query(f"q{i}", "x") for i in range(50)))
    small, large = dataset.sample(5, seed=1), dataset.sample(20, seed=1)
    assert large[:5] == small
    assert set(dataset.sample(None)) == set(dataset.queries)
    assert dataset.sample(5, seed=2) != small
    with pytest.raises(DatasetError, match="at least 1"):
        dataset.sample(0)


def test_relevant_documents_come_by_grade_and_an_unjudged_query_has_none():
    dataset = made()
    assert dataset.relevant("q1") == ("d1", "d2")
    assert dataset.documents_of("q1") == DOCUMENTS[:2]
    assert made(qrels={}).relevant("q1") == made(qrels={}).documents_of("q1") == ()


def test_the_digest_changes_with_anything_that_is_measured():
    base = made().digest
    assert made().digest == base
    assert made(qrels={**QRELS, "q1": {"d1": 3, "d2": 1, "3": 0}}).digest != base
    assert made(documents=(*DOCUMENTS, Document("d4", "", "x"))).digest != base
    with_contexts = (Query("q1", "first?", ("a", "b"), contexts=("one",)), QUERIES[1])
    assert made(queries=with_contexts).digest != base


def test_the_digest_of_a_folder_read_by_an_earlier_version_is_still_its_digest():
    assert made().digest == "0a5195f5d185424e"
    kinds = tuple(Query(query.id, query.text, query.answers, "bridge") for query in QUERIES)
    assert made(queries=kinds).digest == made().digest


def test_the_digest_of_the_questions_changes_with_a_question_and_with_nothing_else():
    base = made().question_digest
    assert made(DOCUMENTS[:2], QUERIES[::-1], {}).question_digest == base
    assert question_digest(QUERIES[:1]) != base
    assert made(queries=(QUERIES[0], Query("q2", "other?"))).question_digest != base


def test_a_dataset_says_how_many_queries_offer_what_and_why_measures_are_left_out():
    assert made().fields() == {"answers": 2, "judgements": 2, "contexts": 2}
    assert made().lacking() == {}
    unjudged = made(qrels={})
    assert unjudged.fields() == {"answers": 2, "judgements": 0, "contexts": 0}
    assert unjudged.lacking() == {
        "judgements": "made has no judgements of documents, so retrieval is not measured.",
        "contexts": "made says of no question which texts answer it.",
    }
    unanswered = made(queries=(Query("q1", "x"), Query("q2", "x")))
    assert list(unanswered.lacking()) == ["answers"]


def test_a_judgement_of_grade_0_is_none_to_measure_by():
    assert made(qrels={"q1": {"d1": 0}}).fields()["judgements"] == 0


def test_the_contexts_that_answer_a_query_are_those_given_with_it_else_its_relevant_documents():
    query = Query("q1", "first?", contexts=("given",))
    assert made(queries=(query, QUERIES[1])).reference_contexts("q1") == ("given",)
    assert made().reference_contexts("q1") == ("T\none", "two")

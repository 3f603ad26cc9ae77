"""The questions of the default dataset, and its corpus as this interpreter gives it."""

import re

import pytest

from norm_aware.benchmark.datasets.pydocs import Question, read_questions
from norm_aware.ingestion.pydocs import read_documents


@pytest.fixture(scope="module")
def documents():
    return read_documents()


@pytest.fixture(scope="module")
def contents(documents):
    return {id_: f"{title}\n{text}" for id_, title, text in documents}


@pytest.fixture(scope="module")
def questions():
    return read_questions()


def words(text):
    return re.findall(r"\w+", text.lower())


def spans(text, length):
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


def test_there_are_enough_questions_to_tell_two_systems_apart(questions):
    assert len(questions) >= 100


def test_question_ids_and_texts_are_unique_and_in_order(questions):
    assert [question.id for question in questions] == [f"q{n:03}" for n in range(1, len(questions) + 1)]
    assert len({question.text for question in questions}) == len(questions)


def test_a_third_of_the_questions_asks_about_the_language_itself(questions):
    reference = sum(any("/" in id_ for id_ in question.relevant) for question in questions)
    assert 0.3 <= reference / len(questions) <= 0.4


def test_every_question_has_a_relevant_document_on_this_interpreter(questions, contents):
    assert [q.id for q in questions if not contents.keys() & set(q.relevant)] == []


def test_nineteen_judgements_of_twenty_name_a_document_of_this_interpreter(questions, contents):
    judged = [id_ for question in questions for id_ in question.relevant]
    assert sum(id_ in contents for id_ in judged) >= 0.95 * len(judged)


def test_no_document_is_judged_twice_for_a_question(questions):
    assert all(len(set(question.relevant)) == len(question.relevant) for question in questions)


def test_gold_answers_are_short(questions):
    assert all(question.answers for question in questions)
    assert all(1 <= len(answer.split()) <= 12 for question in questions for answer in question.answers)


def test_no_question_repeats_six_words_of_a_document_that_answers_it(questions, contents):
    copied = {
        (question.id, id_)
        for question in questions
        for id_ in question.relevant
        if id_ in contents and spans(question.text, 6) & spans(contents[id_], 6)
    }
    assert copied == set()


def test_no_question_spells_out_the_qualified_name_that_answers_it(questions):
    told = {
        (question.id, id_)
        for question in questions
        for id_ in question.relevant
        if "." in id_ and "/" not in id_ and id_ in question.text
    }
    assert told == set()


@pytest.mark.parametrize(
    ("id_", "answer"),
    [
        ("identifiers/Soft-Keywords", "match"),
        ("attribute-access/__slots__", "__slots__"),
        ("compound/Sequence-Patterns/The-following-is-the-logical", "bytearray"),
        ("raise/The-raise-statement", "RuntimeError"),
        ("comparisons/Value-comparisons/The-not-a-number-values-float-NaN-and", "IEEE 754"),
        ("json.dumps", "ensure_ascii"),
        ("typesmapping/Mapping-Types-dict/Dictionaries-preserve-insertion-order.-Note", "order"),
    ],
)
def test_a_judged_passage_still_says_what_it_was_judged_for(questions, contents, id_, answer):
    assert any(id_ in question.relevant for question in questions)
    assert answer in contents[id_]


def test_a_question_is_a_value():
    question = Question("q1", "Why?", ("because",), ("a", "b"))
    assert question == Question("q1", "Why?", ("because",), ("a", "b"))
    with pytest.raises(AttributeError):
        question.text = "How?"

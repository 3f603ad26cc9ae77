from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.calibration.pseudo_queries import SPAN_WORDS, cut_spans, questions, sentences, titles
from norm_aware.errors import CalibrationError

texts = st.lists(
    st.lists(st.text("abc", min_size=1, max_size=3), max_size=60).map(" ".join), min_size=1, max_size=5
).filter(lambda of: any(text.strip() for text in of))

TEXTS = [
    "It rains today. Take a good coat! Why so late?",
    "",
    "Too short.",
    "One longer sentence stands here",
]


@given(texts, st.integers(0, 20), st.integers(0, 3))
def test_a_span_is_consecutive_words_of_its_document_and_at_most_half_of_it(documents, count, seed):
    spans = cut_spans(documents, count, seed=seed)
    assert len(spans) == count
    assert spans == cut_spans(documents, count, seed=seed)
    for text, document in spans:
        words, of_document = text.split(), documents[document].split()
        assert any(of_document[i : i + len(words)] == words for i in range(len(of_document)))
        assert 1 <= len(words) <= min(SPAN_WORDS[1], max(1, len(of_document) // 2))


def test_spans_of_long_texts_are_as_long_as_questions_and_come_from_everywhere():
    long = [" ".join(f"{name}{i}" for i in range(200)) for name in "abc"]
    spans = cut_spans(long, 300)
    sizes = {len(span.text.split()) for span in spans}
    assert sizes == set(range(SPAN_WORDS[0], SPAN_WORDS[1] + 1))
    assert {span.document for span in spans} == {0, 1, 2}
    assert cut_spans(long, 300, seed=1) != spans


@pytest.mark.parametrize("documents", [[], ["", " \n"]])
def test_documents_without_a_word_are_refused(documents):
    with pytest.raises(CalibrationError, match="No document has a word"):
        cut_spans(documents, 3)


def test_titles_that_are_not_empty_are_queries_for_their_documents():
    assert titles(["Rain", " ", "", " Coats\n"]) == [("Rain", 0), ("Coats", 3)]


def test_sentences_are_whole_and_at_most_one_a_document():
    found = sentences(TEXTS, 10)
    assert sorted(q.document for q in found) == [0, 3]
    for text, document in found:
        assert text in TEXTS[document]
        assert len(text.split()) >= 3
    assert {q.text for seed in range(20) for q in sentences(TEXTS, 10, seed=seed)} == {
        "It rains today.",
        "Take a good coat!",
        "Why so late?",
        "One longer sentence stands here",
    }
    assert len(sentences(TEXTS, 1)) == 1


def test_questions_are_asked_about_sampled_documents_and_silence_is_left_out():
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return " " if "Too short" in prompt else f" What of {len(prompts)}? "

    found = questions(TEXTS, 10, ask)
    assert len(prompts) == 4
    assert sorted(q.document for q in found) == [0, 1, 3]
    assert all(q.text.startswith("What of ") for q in found)
    assert len(questions(TEXTS, 2, lambda _: "Why?")) == 2
    assert questions(TEXTS, 3, lambda _: "Why?", seed=1) == questions(TEXTS, 3, lambda _: "Why?", seed=1)

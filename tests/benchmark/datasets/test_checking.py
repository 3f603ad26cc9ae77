import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.datasets import checking
from norm_aware.benchmark.datasets.checking import (
    Checker,
    Span,
    Verified,
    agree,
    is_duplicate,
    locate,
    numbers,
    stands_alone,
)
from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.llm import LLMConfig
from tests.benchmark.datasets.ragas_server import RagasServer

PASSAGE = "The Louvre stands in Paris.\nIt opened in 1793 and holds 35,000 works."


def verify(answer, said=None, question="Where does the Louvre stand?"):
    async def ask():
        async with Chat(LLMConfig("fake", server.base_url, max_retries=0)) as chat:
            checker = Checker(chat)
            return await checker.verify(question, answer, PASSAGE), checker.usage

    with RagasServer(said) as server:
        outcome, usage = asyncio.run(ask())
        assert usage.calls == len(server.requests)
        return outcome, server.asked_for()


def test_an_answer_that_stands_in_the_passage_needs_no_verdict():
    outcome, asked = verify("in paris", {"quote": "in Paris"})
    assert outcome == Verified(Span(18, 26, "in Paris"), "found")
    assert asked == ["quote"]


def test_an_answer_in_other_words_needs_one():
    outcome, asked = verify("It is in Paris.", {"quote": "Paris"})
    assert outcome == Verified(Span(21, 26, "Paris"), "supported")
    assert asked == ["quote", "supported"]
    assert verify("It is in Paris.", {"quote": "Paris", "supported": "no"})[0] == checking.UNSUPPORTED


@pytest.mark.parametrize(
    ("answer", "quote", "reason"),
    [
        (" .", "Paris", checking.NO_ANSWER),
        ("It opened in 1794.", "1793", checking.NUMBERS),
        ("It is in Paris.", ' "" ', checking.NO_QUOTE),
        ("It is in Paris.", "in Rome", checking.NOT_FOUND),
        ("It is in Paris.", "35,000 works", checking.DISAGREES),
    ],
)
def test_a_pair_that_the_passage_does_not_bear_out_is_refused_with_its_reason(answer, quote, reason):
    assert verify(answer, {"quote": quote})[0] == reason


def test_numbers_of_the_question_may_come_back_in_the_answer():
    said = {"quote": "in 1793"}
    assert isinstance(verify("By 1800 it was open, since 1793.", said, "Was it open in 1800?")[0], Verified)


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("Where does the Louvre stand?", True),
        ("What context does the manager open?", True),
        ("How is a text file read?", True),
        ("What does whathdr do in the context of sound files?", True),
        ("What is the text of a node?", True),
        ("What does this passage say?", False),
        ("According to the provided context, where is it?", False),
        ("What is in the document above?", False),
        ("Why?", False),
    ],
)
def test_a_question_that_speaks_of_its_passage_does_not_stand_alone(question, alone):
    assert stands_alone(question) is alone


def test_two_questions_are_one_if_they_differ_by_case_marks_or_the_order_of_words():
    assert is_duplicate("where does the Louvre stand", ["Who?", "Where does the Louvre stand?"])
    assert is_duplicate("Stand where does the Louvre?", ["Where does the Louvre stand?"])
    assert not is_duplicate("When did the Louvre open?", ["Where does the Louvre stand?"])
    assert not is_duplicate("Where?", [])


WORDS = st.lists(st.sampled_from(["ab", "a.b", "(b)", "c"]), min_size=1, max_size=8)


@given(WORDS, st.lists(st.sampled_from([" ", "\n", "  "]), min_size=8, max_size=8), st.data())
def test_any_words_of_a_passage_are_found_in_it_and_given_back_as_they_stand(words, spaces, data):
    passage = "".join(word + space for word, space in zip(words, spaces, strict=False))
    start = data.draw(st.integers(0, len(words) - 1))
    quoted = " ".join(words[start : data.draw(st.integers(start + 1, len(words)))])
    found = locate(quoted.upper(), passage)
    assert passage[found.start : found.end] == found.text
    assert " ".join(found.text.split()) == quoted


def test_a_part_of_a_word_is_not_found():
    assert locate("in", "Spain") is None
    assert locate("1", "10 of 1").start == 6
    assert locate("(b)", "a(b)").start == 1


def test_signs_that_mean_something_to_a_regular_expression_are_only_letters():
    assert locate("a.b(c)", "axb(c) a.b(c)").start == 7
    assert locate("...", "...") is None


def test_words_agree_where_half_of_the_shorter_is_in_the_other():
    assert agree("the Paris", "It is in Paris, France.")
    assert not agree("35,000 works", "It is in Paris.")
    assert not agree("the of", "the of")


def test_numbers_are_compared_without_their_separators():
    assert numbers("35,000 works, 1.5 m, in 1793.") == {"35000", "1.5", "1793"}
    assert numbers("utf8 and q1") == frozenset()

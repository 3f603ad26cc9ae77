"""What a judge is asked: everything of the item, one verdict, no label."""

import pytest

from norm_aware.benchmark.judging.asking import comparison_messages, padded, verdict_messages
from norm_aware.benchmark.judging.items import load_items


@pytest.mark.parametrize("rephrased", [False, True])
def test_every_part_of_an_item_is_shown_word_for_word(rephrased):
    for item in load_items():
        (_, asked) = verdict_messages(item, rephrased=rephrased)
        for part in (item.text, item.statement, item.question, item.reference, item.answer):
            assert part in asked["content"]
        assert "{" not in asked["content"]


def test_two_wordings_differ_and_ask_about_the_same():
    item = load_items()[0]
    assert verdict_messages(item) != verdict_messages(item, rephrased=True)


def test_a_comparison_shows_both_answers_in_the_order_given():
    (_, asked) = comparison_messages("Where?", "Here.", first="Here, I say.", second="There.")
    assert asked["content"].index("A: Here, I say.") < asked["content"].index("B: There.")


@pytest.mark.parametrize("number", range(4))
def test_padding_keeps_the_answer_and_adds_many_words(number):
    assert "Nineteen." in padded("Nineteen.", number)
    assert len(padded("Nineteen.", number).split()) > 30

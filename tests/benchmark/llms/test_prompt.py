"""The prompt: its text is part of every figure that was ever measured with it."""

import pytest

from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.errors import LLMError


@pytest.mark.parametrize("lengths", [(), (10,), (9000,), (10, 9000, 9000), (5000,) * 20])
def test_the_prompt_keeps_to_its_budget_and_gives_every_context_an_equal_share(lengths):
    contexts = [str(i % 10) * length for i, length in enumerate(lengths)]
    messages = Prompt().messages("Where is the Louvre? {braces}", contexts, budget=2000)
    assert sum(len(message["content"]) for message in messages) <= 2000
    kept = [messages[1]["content"].count(text[0] * 10) for text in contexts]
    assert all(kept) or len(lengths) == 20
    shares = {len(t) for t in messages[1]["content"].split("\n\n")[: len(lengths)] if len(t) > 20}
    assert not shares or max(shares) - min(shares) <= 1  # "[10] " is a character longer than "[9] "


def test_a_question_longer_than_the_budget_is_an_error():
    with pytest.raises(LLMError, match="beside a question of 600 characters in a prompt of 500"):
        Prompt().messages("?" * 600, ["text"], budget=500)


def test_the_default_messages_are_these_to_the_byte():
    messages = Prompt().messages("Where?", ["Here.", "There."], budget=1000)
    assert messages[0]["content"] == (
        "You read texts and answer a question about them in a few words, using only the texts. "
        "If the texts do not say, you answer: I don't know."
    )
    assert messages[1]["content"] == (
        "[1] Here.\n\n[2] There.\n\nUsing only the texts above, answer in a few words: Where?"
    )
    nothing = Prompt().messages("Where?", [], budget=1000)[1]["content"]
    assert nothing == "(no texts)\n\nUsing only the texts above, answer in a few words: Where?"


def test_a_prompt_without_contexts_asks_what_the_model_knows():
    messages = Prompt(system="", user="{question}").messages("Where?", ["Here."], budget=100)
    assert [message["content"] for message in messages] == ["", "Where?"]


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("{contexts}", "no place for the question"),
        ("{question} {passages}", "a place for 'passages'"),
        ("{question} {}", "a place for ''"),
        ("{question} {", "cannot be filled in"),
    ],
)
def test_a_prompt_that_cannot_be_filled_in_is_refused_by_its_fault(user, words):
    with pytest.raises(LLMError, match=words):
        Prompt(user=user)


def test_digests_tell_prompts_apart_by_either_message():
    assert len({Prompt().digest, Prompt(system="x").digest, Prompt(user="{question}").digest}) == 3
    assert Prompt().digest == Prompt().digest

"""What a judge is asked, word for word: one verdict a call, by a schema that leaves room for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from norm_aware.benchmark.judging.items import Item

Messages: TypeAlias = list[dict[str, str]]
"""`role` and `content` of each message."""

VERDICT_TOKENS = 32
"""Room for a verdict; a schema holds it to fewer."""

YES_NO: Mapping[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
"""A verdict on one item."""

A_B: Mapping[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["A", "B"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
"""A verdict on two answers."""

_RULES: dict[str, str] = {
    "support": (
        "You check statements against a text. You say yes only if the text says all that the statement says. "
        "You say no if a number, a name, a date or any other detail differs from the text or is not in it."
    ),
    "correctness": (
        "You check answers against a reference answer. You say yes only if the answer means the same as the "
        "reference, in whatever words. You say no if it differs, lacks something or does not answer."
    ),
    "usefulness": (
        "You check whether a text helps to answer a question. You say yes only if the answer, or a part of "
        "it, can be found in the text. You say no if the text is merely about something similar."
    ),
    "relevancy": (
        "You check whether an answer addresses a question; it need not be true. You say yes only if it gives "
        "what the question asks for. You say no if it evades, does not know, or answers something else."
    ),
    "comparison": "You compare two answers to a question with a reference answer and choose the better one.",
}

_WORDINGS: dict[str, tuple[str, str]] = {
    "support": (
        "Text: {text}\nStatement: {statement}\n\nDoes the text say all of this? Answer yes or no.",
        "Somebody claims: {statement}\nThis is all they have read: {text}\n\n"
        "Can the whole claim be concluded from it? Answer yes or no.",
    ),
    "correctness": (
        "Question: {question}\nReference: {reference}\nAnswer: {answer}\n\n"
        "Does the answer mean the same as the reference? Answer yes or no.",
        "Somebody replied: {answer}\nThey had been asked: {question}\nThe solution is: {reference}\n\n"
        "Is the reply right and complete? Answer yes or no.",
    ),
    "usefulness": (
        "Question: {question}\nAnswer: {reference}\nText: {text}\n\n"
        "Can this answer, or a part of it, be found in the text? Answer yes or no.",
        "Somebody has read this: {text}\nThey are asked: {question}\nThe solution is: {reference}\n\n"
        "Does what they have read help them to the solution? Answer yes or no.",
    ),
    "relevancy": (
        "Question: {question}\nAnswer: {answer}\n\n"
        "Does the answer give what the question asks for? Answer yes or no.",
        "Somebody replied: {answer}\nThey had been asked: {question}\n\n"
        "Did they reply to what was asked, whether true or false? Answer yes or no.",
    ),
}

_COMPARISON = (
    "Question: {question}\nReference: {reference}\nAnswer A: {first}\nAnswer B: {second}\n\n"
    "Which answer agrees better with the reference, A or B?"
)

_PADDING = (
    "Thank you for this question. Having looked at all of it with care, and having weighed everything that "
    "bears on the matter, one can put the answer as follows. {answer} I hope that this is of help, and I am "
    "glad to go into any part of it at greater length.",
    "This is a question that deserves a full reply, and there is much that could be said about it from "
    "various sides. In short, and without going into every circumstance: {answer} That, taken as a whole, "
    "is what can be said here, as clearly as it can be put.",
)


def verdict_messages(item: Item, *, rephrased: bool = False) -> Messages:
    """The messages that ask for a verdict on an item, in the wording of the check or in another one."""
    wording = _WORDINGS[item.task][int(rephrased)]
    content = wording.format(
        text=item.text,
        statement=item.statement,
        question=item.question,
        reference=item.reference,
        answer=item.answer,
    )
    return _messages(item.task, content)


def comparison_messages(question: str, reference: str, *, first: str, second: str) -> Messages:
    """The messages that ask which of two answers is better."""
    content = _COMPARISON.format(question=question, reference=reference, first=first, second=second)
    return _messages("comparison", content)


def padded(answer: str, number: int) -> str:
    """The same answer in many more words that say nothing.

    Example:
        >>> len(padded("Green.", 0)) > 200 and "Green." in padded("Green.", 0)
        True
    """
    return _PADDING[number % len(_PADDING)].format(answer=answer)


def _messages(task: str, content: str) -> Messages:
    # rules first: they are the same for a whole task, and endpoints read what they have read before faster
    return [{"role": "system", "content": _RULES[task]}, {"role": "user", "content": content}]

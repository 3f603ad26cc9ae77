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

_SYSTEM = "You are a strict and careful judge. You reply with a verdict and nothing else."

_WORDINGS: dict[str, tuple[str, str]] = {
    "support": (
        "Text: {text}\n\nStatement: {statement}\n\n"
        "Does the text support the statement? Say yes only if everything in the statement follows from the "
        "text alone. Say no if any part of it differs from the text or is not in it, even if it is true.",
        "Read this text: {text}\n\nNow this claim: {statement}\n\n"
        "Can the whole claim be concluded from the text and nothing but the text? Answer yes if it can, and "
        "no if a detail is contradicted by the text or missing from it.",
    ),
    "correctness": (
        "Question: {question}\nReference answer: {reference}\nGiven answer: {answer}\n\n"
        "Is the given answer right, judged by the reference answer? Say yes if it means the same and leaves "
        "nothing out that was asked for. Say no if it differs, is incomplete or does not answer.",
        "Somebody was asked: {question}\nThe solution is: {reference}\nThey replied: {answer}\n\n"
        "Does the reply say what the solution says? Answer yes if all that was asked for is there and "
        "agrees, and no if something disagrees or is missing.",
    ),
    "usefulness": (
        "Question: {question}\nAnswer: {reference}\nText: {text}\n\n"
        "Is the text useful to arrive at this answer to the question? Say yes if it holds the answer or a "
        "part of it. Say no if it is only about something similar.",
        "Text: {text}\n\nSomeone who has read nothing but this text is asked: {question}\n"
        "The right answer is: {reference}\n\n"
        "Does the text help them to that answer? Answer yes if it gives at least a part of it, and no if "
        "it gives none.",
    ),
    "relevancy": (
        "Question: {question}\nAnswer: {answer}\n\n"
        "Does the answer address the question? It need not be true. Say yes if it gives what the question "
        "asks for. Say no if it is evasive, refuses, or answers something else.",
        "Somebody asks: {question}\nSomebody else replies: {answer}\n\n"
        "Is this a reply to what was asked, whether true or false? Answer yes if it is, and no if it dodges "
        "the question or is about another matter.",
    ),
}

_COMPARISON = (
    "Question: {question}\nReference answer: {reference}\n\nAnswer A: {first}\nAnswer B: {second}\n\n"
    "Which answer agrees better with the reference answer, A or B?"
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
    return _messages(content)


def comparison_messages(question: str, reference: str, *, first: str, second: str) -> Messages:
    """The messages that ask which of two answers is better."""
    return _messages(_COMPARISON.format(question=question, reference=reference, first=first, second=second))


def padded(answer: str, number: int) -> str:
    """The same answer in many more words that say nothing.

    Example:
        >>> len(padded("Green.", 0)) > 200 and "Green." in padded("Green.", 0)
        True
    """
    return _PADDING[number % len(_PADDING)].format(answer=answer)


def _messages(content: str) -> Messages:
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": content}]

"""What a written question must pass: it stands alone, and words of its passage answer it.

The model is asked the question again with the passage in hand, and must quote; a quote that is not in the
passage, or that has nothing to do with the written answer, refutes the pair (round-trip consistency,
Alberti et al. 2019, arxiv.org/abs/1906.05416).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.usage import Usage

NOT_ALONE = "the question speaks of its passage, or is no question by itself"
DUPLICATE = "much the same question was written before"
NO_ANSWER = "the answer is empty"
NO_QUOTE = "the model found no words in the passage that answer the question"
NOT_FOUND = "the words quoted do not stand in the passage"
DISAGREES = "the words quoted and the answer have too little in common"
NUMBERS = "the answer has a number that the passage has not"
UNSUPPORTED = "the passage does not support the answer"

FOUND, SUPPORTED = "found", "supported"
"""How an answer was verified: it stands in the passage word for word, or a model says it follows."""

_OF_PASSAGE = re.compile(
    r"\b(?:the|this|that|provided|given|above|following)\s+"
    r"(?:(?:provided|given|above|following)\s+)?(?:passage|text|context|document|excerpt|snippet|paragraph)s?\b"
    r"(?!\s+of\b)",  # "in the context of sound" speaks of no passage
    re.IGNORECASE,
)
_LEAST_WORDS = 3
_SIMILAR = 90  # of 100, from which on two questions count as one
_IN_COMMON = 0.5  # of the words of the shorter of quote and answer
_QUOTED = "\"'\u201c\u201d\u2018\u2019` \t\r\n.…"
_WORD = re.compile(r"\w+")
_SMALL = frozenset(
    _WORD.findall(
        "a an and are as at be by can do does for from has have how if in into is it its may not of on or so "
        "than that the their then there these they this to was were what when where which who why will with"
    )
)
_TOKENS = 256
_QUOTE = {
    "type": "object",
    "properties": {"quote": {"type": "string"}},
    "required": ["quote"],
    "additionalProperties": False,
}
_VERDICT = {
    "type": "object",
    "properties": {"supported": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["supported"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a passage.

    Attributes:
        start: where they begin in it, in characters.
        end: where they end.
        text: the words, exactly as they stand there.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A checked answer: the words of the passage that answer the question, and `found` or `supported`."""

    span: Span
    how: str


class Checker:
    """Checks what was written against its passage.

    Args:
        chat: the model that is asked, open; better not the one that wrote.

    Attributes:
        usage: what its calls took so far.
    """

    def __init__(self, chat: Chat) -> None:
        self.usage = Usage()
        self._chat = chat

    async def verify(self, question: str, answer: str, passage: str) -> Verified | str:
        """The words of the passage that answer a question, or the reason why the pair is refused.

        Raises:
            LLMError: when the model cannot be reached or did not answer in form.
        """
        if not content_words(answer):
            return NO_ANSWER
        if not numbers(answer) <= numbers(passage) | numbers(question):
            return NUMBERS
        quote = await self._ask(
            f"Passage:\n{passage}\n\nQuestion: {question}\n\nQuote the shortest part of the passage that "
            "answers the question, word for word. Where the passage does not answer it, quote nothing.",
            "quote",
            _QUOTE,
        )
        if not quote.strip(_QUOTED):
            return NO_QUOTE
        if (span := locate(quote, passage)) is None:
            return NOT_FOUND
        if not agree(span.text, answer):
            return DISAGREES
        if locate(answer, passage) is not None:
            return Verified(span, FOUND)
        verdict = await self._ask(
            f"Passage:\n{passage}\n\nQuestion: {question}\nAnswer: {answer}\n\nDoes the passage alone show "
            "that all of this answer is true, and that it answers the question? Say yes or no.",
            "supported",
            _VERDICT,
        )
        return Verified(span, SUPPORTED) if verdict.strip().lower() == "yes" else UNSUPPORTED

    async def _ask(self, text: str, field: str, schema: dict[str, object]) -> str:
        reply = await self._chat.ask(
            [{"role": "user", "content": text}], schema=schema, max_tokens=_TOKENS, temperature=0.0
        )
        self.usage += reply.usage
        return str((reply.data or {}).get(field, ""))


def stands_alone(question: str) -> bool:
    """Whether a question can be asked by someone who does not have its passage before them.

    Example:
        >>> stands_alone("What does the passage say of Paris?"), stands_alone("Where does the Louvre stand?")
        (False, True)
    """
    return len(question.split()) >= _LEAST_WORDS and not _OF_PASSAGE.search(question)


def is_duplicate(question: str, others: Sequence[str]) -> bool:
    """Whether a question is, but for a few letters and the order of its words, one of the others."""
    from rapidfuzz import fuzz, process, utils

    found = process.extractOne(
        question,
        others,
        scorer=fuzz.token_sort_ratio,
        processor=utils.default_process,
        score_cutoff=_SIMILAR,
    )
    return found is not None


def locate(quote: str, passage: str) -> Span | None:
    r"""Where a quote stands in a passage, in whole words, whatever white space, case and quotation marks.

    Example:
        >>> locate('"stands in paris."', "The Louvre stands\nin Paris.").text
        'stands\nin Paris'
    """
    if not (words := quote.strip(_QUOTED).split()):
        return None
    before = r"(?<!\w)" if _WORD.match(words[0]) else ""
    after = r"(?!\w)" if _WORD.match(words[-1][-1]) else ""
    pattern = before + r"\s+".join(map(re.escape, words)) + after
    found = re.search(pattern, passage, re.IGNORECASE)
    return Span(found.start(), found.end(), found.group()) if found else None


def agree(quote: str, answer: str) -> bool:
    """Whether half of the words that carry meaning, of the shorter of both, are in the other."""
    first, second = content_words(quote), content_words(answer)
    shorter = min(len(first), len(second))
    return shorter > 0 and len(first & second) >= _IN_COMMON * shorter


def content_words(text: str) -> frozenset[str]:
    """The words of a text in lower case, without the small ones."""
    return frozenset(_WORD.findall(text.lower())) - _SMALL


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text, as written, without separators of thousands."""
    found = re.findall(r"(?<![\w.])\d+(?:[.,]\d+)*", text)
    return frozenset(re.sub(r",(?=\d{3}\b)", "", number) for number in found)

"""Texts that stand in for queries: spans of documents, titles, sentences, a model's questions."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from norm_aware.errors import CalibrationError

SPAN_WORDS = (5, 19)
"""Fewest and most words of a span: about as long as questions are."""


class PseudoQuery(NamedTuple):
    """A text and the position of the document that it was made from."""

    text: str
    document: int


def cut_spans(texts: Sequence[str], count: int, *, seed: int = 0) -> list[PseudoQuery]:
    """Spans of consecutive words, each at most half of its document.

    Args:
        texts: of the documents.
        count: how many spans are wanted.
        seed: of the choice of documents and places.

    Returns:
        `count` spans; documents may have several or none.

    Raises:
        CalibrationError: when no document has a word.

    Example:
        >>> [span] = cut_spans(["one two three four"], 1)
        >>> span.text in "one two three four", len(span.text.split())
        (True, 2)
    """
    generator = random.Random(seed)  # noqa: S311  # a sample, not a secret
    words = [text.split() for text in texts]
    filled = [position for position, of_text in enumerate(words) if of_text]
    if not filled:
        raise CalibrationError("No document has a word to cut a pseudo-query from; give their texts.")
    spans = []
    for _ in range(count):
        document = generator.choice(filled)
        of_text = words[document]
        size = min(generator.randint(*SPAN_WORDS), max(1, len(of_text) // 2))
        start = generator.randint(0, len(of_text) - size)
        spans.append(PseudoQuery(" ".join(of_text[start : start + size]), document))
    return spans


def titles(of_documents: Sequence[str]) -> list[PseudoQuery]:
    """Every title that is not empty, as a query for its document."""
    return [PseudoQuery(title.strip(), i) for i, title in enumerate(of_documents) if title.strip()]


def sentences(texts: Sequence[str], count: int, *, seed: int = 0) -> list[PseudoQuery]:
    """A random sentence of each of some documents.

    Args:
        texts: of the documents.
        count: how many are wanted, at most one a document.
        seed: of the choice.
    """
    generator = random.Random(seed)  # noqa: S311  # a sample, not a secret
    order = generator.sample(range(len(texts)), len(texts))
    found: list[PseudoQuery] = []
    for document in order:
        split = [s.strip() for s in re.split(r"(?<=[.!?])\s+", texts[document]) if len(s.split()) >= 3]
        if split and len(found) < count:
            found.append(PseudoQuery(generator.choice(split), document))
    return found


def questions(
    texts: Sequence[str], count: int, ask: Callable[[str], str], *, seed: int = 0
) -> list[PseudoQuery]:
    """Questions that a language model asks about sampled documents.

    Args:
        texts: of the documents.
        count: how many documents are sampled.
        ask: takes a prompt and returns the model's answer, such as `lambda p: str(llm.complete(p))`.
        seed: of the sample.

    Returns:
        A question for each sampled document; empty answers are left out.
    """
    generator = random.Random(seed)  # noqa: S311  # a sample, not a secret
    sampled = generator.sample(range(len(texts)), min(count, len(texts)))
    prompt = "Write one question that the following text answers, and nothing else.\n\n{}\n\nQuestion:"
    asked = ((ask(prompt.format(texts[document])).strip(), document) for document in sampled)
    return [PseudoQuery(question, document) for question, document in asked if question]

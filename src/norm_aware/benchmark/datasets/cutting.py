"""Cuts passages to ask about out of documents: one of each, in a seeded order."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from norm_aware.benchmark.datasets.dataset import Document

LONGEST = 2000
"""Characters of a passage, at most: some 500 tokens of English."""

SHORTEST = 200
"""Characters below which a document has too little in it to be asked about."""

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"[.!?]\s|\n")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document.

    Attributes:
        document_id: of which.
        start: where it begins in the document's `content`, in characters.
        text: exactly as it stands there.
    """

    document_id: str
    start: int
    text: str


def cut_passages(documents: Sequence[Document], *, seed: int) -> Iterator[Passage]:
    """A passage of each document that is long enough, the documents in a seeded order.

    A document of at most `LONGEST` characters is its own passage. Of a longer one a part is taken that begins
    with one of its paragraphs, which the seed and the document's id decide, and ends with a sentence.
    """
    order = list(documents)
    random.Random(seed).shuffle(order)  # noqa: S311  # a sample, not a secret
    for document in order:
        if len(document.content.strip()) >= SHORTEST:
            yield _cut(document, seed)


def _cut(document: Document, seed: int) -> Passage:
    text = document.content
    if len(text) <= LONGEST:
        return Passage(document.id, 0, text)
    starts = [0, *(found.end() for found in _PARAGRAPH.finditer(text))]
    starts = [start for start in starts if len(text) - start >= SHORTEST]
    start = random.Random(f"{seed} {document.id}").choice(starts)  # noqa: S311  # a sample, not a secret
    part = text[start : start + LONGEST]
    if start + LONGEST < len(text):
        ends = [found.start() + 1 for found in _SENTENCE.finditer(part) if found.start() >= SHORTEST]
        part = part[: ends[-1]] if ends else part
    return Passage(document.id, start, part)

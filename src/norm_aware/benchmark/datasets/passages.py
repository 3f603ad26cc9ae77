"""Where a passage stands: which documents hold a text, whatever its white space."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence

from norm_aware.benchmark.datasets.dataset import Document

_BETWEEN = "\x00"  # no passage reaches over it


class PassageFinder:
    r"""Finds the documents that a passage stands in, by its words and their order.

    Args:
        documents: to look in.

    Example:
        >>> PassageFinder([Document("a", "", "The Louvre stands\nin Paris.")]).find("stands in Paris")
        ('a',)
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        texts = [" ".join(document.content.split()).replace(_BETWEEN, " ") for document in documents]
        self._ids = [document.id for document in documents]
        self._text = _BETWEEN.join(texts)
        self._starts = [0]
        for text in texts[:-1]:
            self._starts.append(self._starts[-1] + len(text) + len(_BETWEEN))

    def find(self, passage: str) -> tuple[str, ...]:
        """Ids of the documents that hold the passage, in their order; none for a blank one."""
        wanted = " ".join(passage.split())
        found: dict[str, None] = {}
        at = self._text.find(wanted) if wanted else -1
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            found[self._ids[number]] = None
            following = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
            at = self._text.find(wanted, following)
        return tuple(found)


def passage_id(text: str) -> str:
    r"""An id of a text that came without one: the same for the same words.

    Example:
        >>> passage_id("two words") == passage_id(" two\nwords ")
        True
    """
    return "c-" + hashlib.blake2b(" ".join(text.split()).encode(), digest_size=6).hexdigest()

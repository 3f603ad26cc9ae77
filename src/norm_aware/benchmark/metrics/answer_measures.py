"""Answers against gold answers, word for word, as the SQuAD evaluation defines it.

Rajpurkar et al. 2016, *SQuAD: 100,000+ Questions for Machine Comprehension of Text* (arXiv:1606.05250).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def squad_em(answer: str, references: Sequence[str]) -> float:
    """1 if the answer equals a reference after SQuAD's normalisation, else 0.

    Args:
        answer: what a system said.
        references: gold answers, any of which is right; at least one.

    Raises:
        ValueError: when there is no reference.

    Example:
        >>> squad_em("The Seine.", ["seine", "river Seine"])
        1.0
    """
    words = squad_words(answer)
    return max(float(words == squad_words(reference)) for reference in _required(references))


def squad_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of the answer's words, against the best-matching reference.

    Words count as often as they occur. Where either side has no words left after normalisation, the score
    is 1 if both have none, else 0.

    Args:
        answer: what a system said.
        references: gold answers, any of which is right; at least one.

    Returns:
        Between 0 and 1; 1 whenever `squad_em` is 1.

    Raises:
        ValueError: when there is no reference.

    Example:
        >>> squad_f1("on the river Seine", ["Seine"])  # precision 1/3, recall 1
        0.5
    """
    words = squad_words(answer)
    return max(_f1(words, squad_words(reference)) for reference in _required(references))


def squad_words(text: str) -> list[str]:
    """The words that SQuAD's evaluation compares: lower case, without ASCII punctuation and articles.

    Example:
        >>> squad_words("A dog's life, the end")
        ['dogs', 'life', 'end']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    # 2PR / (P + R), without the rounding of the two divisions
    return 2 * shared / (len(answer) + len(reference))


def _required(references: Sequence[str]) -> Sequence[str]:
    if not references:
        raise ValueError("No reference was given; at least one gold answer is needed.")
    return references

"""Similarities by name, for settings, the command line and whatever stores a similarity as text."""

from __future__ import annotations

import dataclasses
from typing import Any

from norm_aware.errors import QueryError
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.logistic_similarity import LogisticSimilarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import NAMED, PowerSimilarity, Similarity
from norm_aware.numeric.word_rotator import WordRotatorSimilarity

KINDS: dict[str, Any] = {
    similarity.kind: similarity
    for similarity in (
        ScaledSimilarity,
        EuclideanSimilarity,
        RadialSimilarity,
        WordRotatorSimilarity,
        LogisticSimilarity,
    )
}
"""Classes by the word their name begins with; the power family's begins with a power."""


def parse_similarity(text: str | Similarity) -> Similarity:
    """The similarity that a name stands for; the `name` of every similarity parses back to it.

    Args:
        text: `cosine`, `dot`, `query_normalized`, `document_normalized`; `document_power=0.5` or
            `query_power=1 document_power=0.5`; or a kind and all its fields: `euclidean`,
            `word_rotator weight=1`, `scaled alpha=0.7 …`, `radial slope=1 …`, `logistic cosine=8 …`. A
            `Similarity` is returned as it is.

    Raises:
        QueryError: when the text names no similarity, or a field or value that it does not have.

    Example:
        >>> parse_similarity("document_power=0.5")
        PowerSimilarity(query_power=0.0, document_power=0.5)
        >>> parse_similarity("word_rotator weight=2")
        WordRotatorSimilarity(weight=2.0)
    """
    if isinstance(text, Similarity):
        return text
    if not isinstance(text, str):
        raise QueryError(f"{text!r} names no similarity; give a name such as 'cosine', or a Similarity.")
    words = text.split()
    if len(words) == 1 and words[0] in NAMED:
        return NAMED[words[0]]
    if words and words[0] in KINDS:
        return _build(KINDS[words[0]], words[0], words[1:])
    if words and "=" in words[0]:
        return _build(PowerSimilarity, "the power family", words)
    raise QueryError(
        f"No similarity is named {text!r}; use {', '.join(NAMED)}, document_power=NUMBER, or one of "
        f"{', '.join(KINDS)} and its fields."
    )


def _build(similarity: Any, kind: str, words: list[str]) -> Similarity:
    fields = {field.name: field.default for field in dataclasses.fields(similarity)}
    values: dict[str, float] = {}
    for word in words:
        field, _, value = word.partition("=")
        if field not in fields:
            raise QueryError(f"{word!r} is no field of {kind}, {_which(fields)}.")
        if field in values:
            raise QueryError(f"{field} is given twice, the second time as {word!r}; give it once.")
        try:
            values[field] = float(value)
        except ValueError:
            raise QueryError(f"{word!r} gives {field} no number; write {field}=NUMBER.") from None
    missing = [
        name for name, default in fields.items() if default is dataclasses.MISSING and name not in values
    ]
    if missing:
        raise QueryError(f"{kind} lacks {', '.join(missing)}; write each as {missing[0]}=NUMBER.")
    built: Similarity = similarity(**values)
    return built


def _which(fields: dict[str, Any]) -> str:
    return f"which has {', '.join(fields)}" if fields else "which has none"

"""The calls of a judge check in their order: which item, in which words, at which temperature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from norm_aware.benchmark.judging.asking import (
    A_B,
    YES_NO,
    Messages,
    comparison_messages,
    padded,
    verdict_messages,
)
from norm_aware.benchmark.judging.items import Item, checked_items

REPEAT_TEMPERATURE = 0.7
"""Temperature at which a judge repeats itself: where it wavers shows there."""

COMPARED = 24
"""Pairs of a right and a wrong answer that are compared in both orders."""

PADDED = 12
"""Pairs whose answers are judged in many more words too."""

_REPEATED_EACH = 5  # one pair in so many has an item that is asked again


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the judge.

    Attributes:
        id: what it is for, unique in a check.
        messages: what is sent.
        schema: what the reply must follow.
        temperature: of the sampling; None is the judge's own.
        repeat: 0, or the number of the repeat, from 1; it changes the seed.
    """

    id: str
    messages: Messages
    schema: Mapping[str, Any]
    temperature: float | None = None
    repeat: int = 0

    @property
    def key(self) -> str:
        """Hash of all that the reply depends on beside the judge."""
        parts = (self.messages, self.schema, self.temperature, self.repeat)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def planned_calls(repeats: int) -> list[Call]:
    """Every call of a check.

    Args:
        repeats: how often the items of the consistency part are asked again at `REPEAT_TEMPERATURE`.
    """
    calls = [Call(item.id, verdict_messages(item), YES_NO) for item in checked_items()]
    for right, wrong in compared_pairs():
        for name, first, second in (("ab", right, wrong), ("ba", wrong, right)):
            messages = comparison_messages(
                right.question, right.reference, first=first.answer, second=second.answer
            )
            calls.append(Call(f"{right.pair}-{name}", messages, A_B))
    calls += [Call(f"{item.id}-padded", verdict_messages(_pad(item)), YES_NO) for item in padded_items()]
    for item in repeated_items():
        calls.append(Call(f"{item.id}-rephrased", verdict_messages(item, rephrased=True), YES_NO))
        for repeat in range(1, repeats + 1):
            repeated = Call(
                f"{item.id}-repeat-{repeat}", verdict_messages(item), YES_NO, REPEAT_TEMPERATURE, repeat
            )
            calls.append(repeated)
    return calls


def questions_digest() -> str:
    """Hash of everything a check asks but the repeats: of another digest, two checks are not comparable."""
    keys = [(call.id, call.key) for call in planned_calls(0)]
    return hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:16]


def compared_pairs() -> list[tuple[Item, Item]]:
    """The right and the wrong answer to each question that they are compared on."""
    return list(_pairs(checked_items(), "correctness"))[:COMPARED]


def padded_items() -> list[Item]:
    """The items whose answers are also judged in many more words."""
    return [item for pair in list(_pairs(checked_items(), "correctness"))[:PADDED] for item in pair]


def repeated_items() -> list[Item]:
    """The items that are asked again, from all tasks, half of them with the label yes."""
    return [pair[number % 2] for number, pair in enumerate(list(_pairs(checked_items()))[::_REPEATED_EACH])]


def _pairs(items: Sequence[Item], task: str | None = None) -> Iterator[tuple[Item, Item]]:
    """Both items of each pair, the one with the label yes first."""
    found: dict[str, dict[str, Item]] = {}
    for item in items:
        if task in (None, item.task):
            found.setdefault(item.pair, {})[item.label] = item
    for both in found.values():
        yield both["yes"], both["no"]


def _pad(item: Item) -> Item:
    return replace(item, answer=padded(item.answer, int(item.pair.rpartition("-")[2])))

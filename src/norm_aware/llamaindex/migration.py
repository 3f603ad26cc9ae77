"""What is asked of a migration, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from qdrant_client import models

Way: TypeAlias = Literal["backfill", "copy", "embed"]
"""How a collection is taken over."""

AGREES = 0.99
"""Least cosine of a stored vector and its text's new embedding that one encoder made both."""

_EXAMPLES = 10  # ids kept of the points skipped for one reason


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """How a collection is to be taken over.

    Attributes:
        into: name of the new collection; None takes the old one's with `-norm-aware` after it. Where it is
            there already, what it lacks is added.
        vector: which of several named vectors; None where there is one.
        text_key: payload key of the text in points that LlamaIndex did not store.
        re_embed: embed the texts again whatever the distance is.
        encoder_changed: another encoder than the one that made the vectors is meant.
        allow_normalized: take vectors that all have length 1.
    """

    into: str | None = None
    vector: str | None = None
    text_key: str | None = None
    re_embed: bool = False
    encoder_changed: bool = False
    allow_normalized: bool = False


@dataclass(slots=True)
class Migration:
    """What a migration did.

    Attributes:
        source: the collection taken over.
        into: where it is now; the same where norms were filled in.
        way: how.
        read: points of the source.
        written: points written by this run; those whose norm was, where norms were filled in.
        already: points that an earlier run had written.
        skipped: points left out, by reason, and `examples` of their ids.
        compared: points whose old and new vector were compared.
        agreeing: those whose cosine was at least `AGREES`.
        left: named vectors that were not taken along.
    """

    source: str
    into: str
    way: Way
    read: int = 0
    written: int = 0
    already: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    compared: int = 0
    agreeing: int = 0
    left: tuple[str, ...] = ()

    def skip(self, record: models.Record, reason: str) -> None:
        """Count a point that is left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        if len(examples := self.examples.setdefault(reason, [])) < _EXAMPLES:
            examples.append(str(record.id))

    def sentences(self) -> list[str]:
        """The report, a sentence each."""
        if self.way == "backfill":
            return [f"Wrote the norm of {self.written} of {self.read} points in collection {self.source!r}."]
        what = "Embedded the texts" if self.way == "embed" else "Copied the vectors"
        said = [
            f"{what} of {self.written} of {self.read} points of {self.source!r} into {self.into!r}"
            + (f"; {self.already} were there already." if self.already else ".")
        ]
        if self.compared:
            said.append(
                f"{self.agreeing} of {self.compared} stored vectors point where their text's new embedding "
                f"does (cosine at least {AGREES})."
            )
        for reason, count in self.skipped.items():
            more = ", …" if count > len(self.examples[reason]) else ""
            said.append(f"Skipped {count}: {reason} ({', '.join(self.examples[reason])}{more}).")
        if self.left:
            said.append(f"Left behind: vectors {', '.join(map(repr, self.left))}.")
        return said

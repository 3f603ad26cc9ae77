"""A document that is not indexed, and why."""

from __future__ import annotations

from dataclasses import dataclass

MALFORMED = "malformed"
BAD_ENCODING = "bad encoding"
EMPTY = "empty"
TOO_LONG = "too long"
DUPLICATE_ID = "duplicate id"
DUPLICATE = "duplicate"
RESERVED_NAME = "reserved name"
NOT_FINITE = "not finite"


@dataclass(frozen=True, slots=True)
class Skipped:
    """One line of the manifest.

    Attributes:
        where: file and line, or the file, or the position in an iterable.
        reason: one of this module's constants.
        detail: what exactly was found.
        id: of the document, where it has one.
    """

    where: str
    reason: str
    detail: str
    id: str | None = None

"""Point ids: whole numbers and UUIDs, which qdrant-client writes as text and the engine as objects."""

from __future__ import annotations

import uuid
from typing import Any

from norm_aware.errors import CollectionError


def to_id(given: Any) -> int | uuid.UUID:
    """A point id as the engine takes it.

    Raises:
        CollectionError: for one that is neither a whole number from 0 on nor a UUID.
    """
    if isinstance(given, uuid.UUID) or (
        isinstance(given, int) and not isinstance(given, bool) and given >= 0
    ):
        return given
    try:
        return uuid.UUID(given)
    except (ValueError, TypeError, AttributeError):
        raise CollectionError(
            f"Point id {given!r} is neither a whole number from 0 on nor a UUID, which Qdrant needs."
        ) from None


def from_id(given: Any) -> int | str:
    """A point id as qdrant-client writes it."""
    return given if isinstance(given, int) else str(given)

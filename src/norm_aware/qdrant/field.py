"""Where a dense vector and the numbers that belong to it stand in a point: one value for all who ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from qdrant_client import models

from norm_aware.errors import ContractError, QueryError

NORM = "norm"
"""Payload key of the norm of a point's unnamed vector."""

OFFSET = "norm_aware_offset"
"""Payload key of the number that a search may add to a point's score, such as minus its hub bias."""

RAW = "norm_aware_raw_vector"
"""Payload key of the raw embedding: its float32 numbers in base64, so that it comes back to the bit."""

RAW_NORM = "norm_aware_raw_norm"
"""Payload key of the raw embedding's length, by which one may filter."""

MARK = "norm_aware_calibration"
"""Payload key of the calibration a point is stored by."""

POWER = "norm_aware_power"
"""Payload key of the power a point is stored at, as `power_mark` writes it; a raw point has none."""

HASH = "norm_aware_hash"
"""Payload key of the content's hash, by which ingestion knows what is stored already."""

METADATA = "norm_aware"
"""Key of the unnamed vector's contract in the collection's metadata."""

_NAME = re.compile(r"[A-Za-z0-9_-]{0,100}")  # what a payload path takes without quotes


@dataclass(frozen=True, slots=True)
class Field:
    """One dense vector of a collection's points.

    A collection may hold several vectors a point, of several encoders or of several texts, each with its own
    contract. What belongs to a named vector has its name at the end of its keys.

    Attributes:
        name: of the vector; the empty one is Qdrant's unnamed vector.

    Example:
        >>> Field().norm, Field("title").norm
        ('norm', 'norm_title')
    """

    name: str = ""

    @property
    def norm(self) -> str:
        """Payload key of the vector's norm."""
        return self._key(NORM)

    @property
    def offset(self) -> str:
        """Payload key of what is added to its score."""
        return self._key(OFFSET)

    @property
    def raw(self) -> str:
        """Payload key of its raw embedding, where it is stored otherwise."""
        return self._key(RAW)

    @property
    def raw_norm(self) -> str:
        """Payload key of its raw embedding's length, where it is stored otherwise."""
        return self._key(RAW_NORM)

    @property
    def mark(self) -> str:
        """Payload key of the calibration it is stored by."""
        return self._key(MARK)

    @property
    def power(self) -> str:
        """Payload key of the power it is stored at."""
        return self._key(POWER)

    @property
    def hash(self) -> str:
        """Payload key of the hash of what was embedded."""
        return self._key(HASH)

    @property
    def metadata(self) -> str:
        """Key of its contract in the collection's metadata."""
        return f"{METADATA}_vector_{self.name}" if self.name else METADATA

    @property
    def keys(self) -> frozenset[str]:
        """All its payload keys, which a document's own metadata may not have."""
        return frozenset({self.norm, self.hash, *self.storing})

    @property
    def storing(self) -> frozenset[str]:
        """Those of its payload keys that a way of storing other than raw adds."""
        return frozenset({self.offset, self.raw, self.raw_norm, self.mark, self.power})

    @property
    def using(self) -> str | None:
        """The vector's name as a query gives it."""
        return self.name or None

    @property
    def present(self) -> models.HasVectorCondition:
        """The condition that a point has this vector."""
        return models.HasVectorCondition(has_vector=self.name)

    def of(self, vectors: Any) -> list[float] | None:
        """This vector of a point, from all that Qdrant returned of it; None where the point has it not."""
        if isinstance(vectors, dict):
            vectors = vectors.get(self.name)
            return cast("list[float] | None", vectors)
        return None if self.name else cast("list[float] | None", vectors)

    def put(self, vector: Sequence[float], others: Any = None) -> Any:
        """A point's vectors, as Qdrant takes them.

        Args:
            vector: this one.
            others: the point's further vectors by name, or whatever Qdrant returned of it.
        """
        further = others if isinstance(others, dict) else {}
        if self.name or further:
            return {**further, self.name: list(vector)}
        return list(vector)

    def _key(self, of_unnamed: str) -> str:
        return f"{of_unnamed}_{self.name}" if self.name else of_unnamed


UNNAMED = Field()
"""Qdrant's unnamed vector, the only one of most collections."""


def require_vector_name(name: str) -> None:
    """Refuse a vector name that payload keys cannot end in.

    Raises:
        QueryError: for a name that is no plain word.
    """
    if not _NAME.fullmatch(name):
        raise QueryError(
            f"The vector name {name!r} cannot be part of a payload key; use at most 100 letters, digits, '_' "
            "and '-'."
        )


def dense_vectors(
    vectors: models.VectorParams | Mapping[str, models.VectorParams] | None,
) -> dict[str, models.VectorParams]:
    """A collection's dense vectors by name, from its configuration; the unnamed one's is empty."""
    return {"": vectors} if isinstance(vectors, models.VectorParams) else dict(vectors or {})


def vector_params(
    info: models.CollectionInfo, *, collection: str, vector_name: str = ""
) -> models.VectorParams:
    """One of the collection's dense vectors.

    Raises:
        ContractError: when it has none of that name.
    """
    vectors = dense_vectors(info.config.params.vectors)
    if vector_name not in vectors:
        names = ", ".join(repr(name) for name in vectors) or "none"
        wanted = f"no vector {vector_name!r}" if vector_name else "no unnamed vector"
        raise ContractError(
            f"Collection {collection!r} has named vectors ({names}) and {wanted}; pass the one you mean as "
            "vector_name=…, or index into a collection of another name."
        )
    return vectors[vector_name]

"""Vectors between qdrant-client and the embedded engine: dense, sparse, and several by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.qdrant.embedded.edge import edge, refuse


def to_vector(given: Any) -> Any:
    """A vector, or a point's vectors by name, as the engine takes them.

    Raises:
        UnsupportedError: for a text or an image to embed, which a server might.
    """
    if isinstance(given, np.ndarray):
        return given.tolist()
    if isinstance(given, models.SparseVector):
        return edge.SparseVector(given.indices, given.values)
    if isinstance(given, Mapping):
        return {name: to_vector(vector) for name, vector in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return given
    raise refuse(f"a vector given as {type(given).__name__}")


def from_vector(found: Any) -> Any:
    """A vector, or a point's vectors by name, as qdrant-client writes them."""
    if isinstance(found, edge.SparseVector):
        return models.SparseVector(indices=list(found.indices), values=list(found.values))
    if isinstance(found, Mapping):
        return {name: from_vector(vector) for name, vector in found.items()}
    return found


def require_storable(
    ids: Sequence[Any], vectors: Sequence[Any], *, dimensions: Mapping[str, int], collection: str
) -> None:
    """Refuse a batch of which the engine would store a part, or NaN that no search would find.

    Args:
        ids: of the points.
        vectors: theirs, dense or by name.
        dimensions: of the collection's dense vectors by name.
        collection: its name.

    Raises:
        DimensionError: for a vector of another dimension.
        EmbeddingError: for NaN or infinite numbers, and for a name the collection does not have.
    """
    by_name: dict[str, list[tuple[Any, Any]]] = {}
    for point, vector in zip(ids, vectors, strict=True):
        for name, part in vector.items() if isinstance(vector, Mapping) else [("", vector)]:
            if not isinstance(part, models.SparseVector):
                by_name.setdefault(name, []).append((point, part))
    for name, parts in by_name.items():
        if name not in dimensions:
            known = ", ".join(repr(known) for known in dimensions) or "none"
            raise EmbeddingError(
                f"Point {parts[0][0]} has a dense vector named {name!r}; collection {collection!r} "
                f"has {known}."
            )
        for point, part in parts:
            if len(part) != dimensions[name]:
                raise DimensionError(
                    f"Point {point} has a vector of dimension {len(part)}; collection {collection!r} holds "
                    f"vectors of {dimensions[name]}. Nothing of this batch was stored."
                )
        finite = np.isfinite(np.asarray([part for _, part in parts], dtype=np.float32)).all(axis=1)
        if not finite.all():
            raise EmbeddingError(
                f"Point {parts[int(np.argmin(finite))][0]} has NaN or infinite numbers in its vector, by "
                "which nothing can be found. Nothing of this batch was stored."
            )

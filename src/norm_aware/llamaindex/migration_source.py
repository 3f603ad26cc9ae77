"""A collection that is to be taken over: what it holds, and how it has to be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdrant_client import models

from norm_aware.errors import CollectionNotFoundError, ContractError, QueryError
from norm_aware.llamaindex.migration import MigrationOptions, Way
from norm_aware.qdrant.aliases import resolve_alias
from norm_aware.qdrant.calls import Steps, call


@dataclass(frozen=True, slots=True)
class Source:
    """The collection taken over.

    Attributes:
        name: its own, where it was named by an alias.
        into: where it is taken.
        way: how.
        points: how many it holds.
        size: dimension of its vectors.
        vector: name of the one taken along; None for an unnamed one.
        others: names of the vectors that are not.
        indexes: its payload indexes.
        options: how it is to be taken.
    """

    name: str
    into: str
    way: Way
    points: int
    size: int
    vector: str | None
    others: tuple[str, ...]
    indexes: dict[str, Any]
    options: MigrationOptions

    def vector_of(self, record: models.Record) -> list[float]:
        """The dense vector taken along; none where a point lacks it."""
        found: Any = record.vector
        if isinstance(found, dict):
            found = found.get(self.vector or "")
        return found if isinstance(found, list) else []


def find_way(collection: str, options: MigrationOptions) -> Steps[Way]:
    """How a collection would be taken over; raises as `open_source`."""
    return (yield from open_source(collection, options)).way


def open_source(collection: str, options: MigrationOptions) -> Steps[Source]:
    """Look at a collection before it is taken over.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        ContractError: when it has several vectors a point and none was named.
        QueryError: when it would be taken into itself.
    """
    name = yield from resolve_alias(collection)
    if not (yield call("collection_exists", collection_name=name)):
        raise CollectionNotFoundError(f"There is no collection {collection!r} to migrate.")
    info: models.CollectionInfo = yield call("get_collection", collection_name=name)
    vectors = info.config.params.vectors
    named = vectors if isinstance(vectors, dict) else {}
    sparse = tuple(info.config.params.sparse_vectors or {})
    vector: str | None = None
    if isinstance(vectors, models.VectorParams):
        params = vectors
    else:
        vector = next(iter(named)) if len(named) == 1 and options.vector is None else options.vector
        if vector not in named:
            raise ContractError(
                f"Collection {name!r} has the vectors {', '.join(map(repr, named)) or 'none'}; say which "
                "one to take along (--vector)."
            )
        params = named[vector]
    if params.multivector_config is not None:
        raise ContractError(f"Collection {name!r} has several vectors a point, which have no one norm.")
    way: Way = "copy"
    if options.re_embed or params.distance == models.Distance.COSINE:
        way = "embed"
    elif params.distance == models.Distance.DOT and vector is None and not sparse and options.into is None:
        way = "backfill"
    into = options.into or f"{name}-norm-aware"
    if way != "backfill" and (yield from resolve_alias(into)) == name:
        raise QueryError(f"{into!r} is the collection to migrate itself; name another with --into.")
    others = tuple(sorted({*named, *sparse} - {vector}))
    return Source(
        name,
        into,
        way,
        info.points_count or 0,
        params.size,
        vector,
        others,
        dict(info.payload_schema or {}),
        options,
    )

"""How a new collection is indexed, and spread over the nodes of a Qdrant cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from norm_aware.errors import QueryError
from norm_aware.qdrant.index_settings import IndexSettings


@dataclass(frozen=True, slots=True)
class CollectionOptions:
    """Options of a collection's creation, which an existing one keeps; None leaves one to the server.

    Args:
        shard_number: pieces the collection is cut into, which several nodes hold and fill at once.
        replication_factor: nodes that hold a copy of each shard.
        write_consistency_factor: copies that must have a write before it is acknowledged.
        index: settings of the vector index.

    Raises:
        QueryError: for a number below 1, or more acknowledgements than copies.

    Source: https://qdrant.tech/documentation/guides/distributed_deployment/

    Example:
        >>> sorted(CollectionOptions(shard_number=6, replication_factor=2).arguments())
        ['hnsw_config', 'replication_factor', 'shard_number']
    """

    shard_number: int | None = None
    replication_factor: int | None = None
    write_consistency_factor: int | None = None
    index: IndexSettings = IndexSettings()  # noqa: RUF009  # a frozen value

    def __post_init__(self) -> None:
        for name, value in self._spread.items():
            if value < 1:
                raise QueryError(f"{name} is {value}; at least 1 is needed.")
        copies = self.replication_factor or 1
        if (self.write_consistency_factor or 1) > copies:
            raise QueryError(
                f"write_consistency_factor is {self.write_consistency_factor}, but replication_factor keeps "
                f"{copies} {'copy' if copies == 1 else 'copies'}; no write can be acknowledged by more "
                "of them. Raise replication_factor or lower write_consistency_factor."
            )

    def arguments(self, *, stored_power: float = 1.0) -> dict[str, Any]:
        """What goes into Qdrant's `create_collection` of vectors at a power of their norm."""
        return {**self._spread, **self.index.creation(stored_power=stored_power)}

    @property
    def _spread(self) -> dict[str, int]:
        """What is given of shards and copies."""
        names = ("shard_number", "replication_factor", "write_consistency_factor")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

"""How a new collection is spread over the nodes of a Qdrant cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from norm_aware.errors import QueryError


@dataclass(frozen=True, slots=True)
class CollectionOptions:
    """Options of a collection's creation, which an existing one keeps; None leaves one to the server.

    Args:
        shard_number: pieces the collection is cut into, which several nodes hold and fill at once.
        replication_factor: nodes that hold a copy of each shard.
        write_consistency_factor: copies that must have a write before it is acknowledged.

    Raises:
        QueryError: for a number below 1, or more acknowledgements than copies.

    Source: https://qdrant.tech/documentation/guides/distributed_deployment/

    Example:
        >>> CollectionOptions(shard_number=6, replication_factor=2).arguments()
        {'shard_number': 6, 'replication_factor': 2}
    """

    shard_number: int | None = None
    replication_factor: int | None = None
    write_consistency_factor: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and value < 1:
                raise QueryError(f"{name} is {value}; at least 1 is needed.")
        copies = self.replication_factor or 1
        if (self.write_consistency_factor or 1) > copies:
            raise QueryError(
                f"write_consistency_factor is {self.write_consistency_factor}, but replication_factor keeps "
                f"{copies} {'copy' if copies == 1 else 'copies'}; no write can be acknowledged by more "
                "of them. Raise replication_factor or lower write_consistency_factor."
            )

    def arguments(self) -> dict[str, Any]:
        """What goes into Qdrant's `create_collection`."""
        return {name: value for name, value in asdict(self).items() if value is not None}

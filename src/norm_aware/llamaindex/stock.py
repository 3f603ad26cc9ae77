"""LlamaIndex's Qdrant store as ours builds on it: any node id, and raw embeddings read back."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from norm_aware.llamaindex.points import point_ids
from norm_aware.qdrant.calibrated import raw_vector
from norm_aware.qdrant.collection import RAW
from norm_aware.qdrant.power import POWER
from norm_aware.qdrant.reliable import reliable


class StockVectorStore(QdrantVectorStore):
    """The stock store for node ids that need not be UUIDs: they stand under the UUID derived from them.

    Args:
        collection_name: name of the collection.
        client: a sync client, or none.
        aclient: an async client, or none.
        batch_size: points sent to Qdrant at once.
    """

    def __init__(
        self,
        collection_name: str,
        *,
        client: QdrantClient | None,
        aclient: AsyncQdrantClient | None,
        batch_size: int,
    ) -> None:
        super().__init__(
            collection_name,
            client=None if client is None else reliable(client),
            aclient=None if aclient is None else reliable(aclient),
            batch_size=batch_size,
        )

    def get_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        limit: int | None = None,
    ) -> list[BaseNode]:
        """Nodes by id or metadata, with their raw embeddings; see the stock store."""
        return super().get_nodes(point_ids(node_ids), filters, limit)

    async def aget_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        limit: int | None = None,
    ) -> list[BaseNode]:
        """`get_nodes`, without blocking the event loop."""
        return await super().aget_nodes(point_ids(node_ids), filters, limit)

    def delete_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes by id or metadata; see the stock store."""
        super().delete_nodes(point_ids(node_ids), filters, **delete_kwargs)

    async def adelete_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """`delete_nodes`, without blocking the event loop."""
        await super().adelete_nodes(point_ids(node_ids), filters, **delete_kwargs)

    def _build_query_filter(self, query: VectorStoreQuery) -> models.Filter | None:
        mapped = dataclasses.replace(query, node_ids=point_ids(query.node_ids))
        return cast("models.Filter | None", super()._build_query_filter(mapped))

    def parse_to_query_result(self, response: list[Any]) -> VectorStoreQueryResult:
        """Nodes of points; where vectors came along, each node has its raw embedding."""
        raw = [
            point.model_copy(update={"vector": raw_vector(point.vector, point.payload).tolist()})
            if isinstance(point.vector, list) and {RAW, POWER} & (point.payload or {}).keys()
            else point
            for point in response
        ]
        return super().parse_to_query_result(raw)

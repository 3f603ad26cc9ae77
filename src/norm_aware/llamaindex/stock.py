"""LlamaIndex's Qdrant store as ours builds on it: any node id, every filter, one tenant, raw embeddings."""

from __future__ import annotations

from typing import Any, cast

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from norm_aware.errors import QueryError
from norm_aware.llamaindex.filters import both, to_filter
from norm_aware.llamaindex.points import point_ids
from norm_aware.qdrant.calibrated import raw_vector
from norm_aware.qdrant.calls import Steps, arun, as_async, call, run
from norm_aware.qdrant.field import Field
from norm_aware.qdrant.reliable import reliable
from norm_aware.qdrant.tenant import Tenant

_PAGE = 256  # nodes read at once


class StockVectorStore(QdrantVectorStore):
    """The stock store for node ids that need not be UUIDs: they stand under the UUID derived from them.

    Whatever it reads or deletes is its tenant's.

    Args:
        collection_name: name of the collection.
        client: a sync client, or none.
        aclient: an async client; None runs `client` in a thread.
        batch_size: points sent to Qdrant at once.
        field: the dense vector that is this store's.
        tenant: whose nodes these are; None is everybody's.

    Raises:
        QueryError: when neither client is given.
    """

    _field: Field = PrivateAttr()
    _tenant: Tenant | None = PrivateAttr()

    def __init__(
        self,
        collection_name: str,
        *,
        client: QdrantClient | None,
        aclient: AsyncQdrantClient | None,
        batch_size: int,
        field: Field,
        tenant: Tenant | None,
    ) -> None:
        if client is None and aclient is None:
            raise QueryError("NormAwareVectorStore needs a Qdrant client; pass client=… or aclient=….")
        super().__init__(
            collection_name,
            client=None if client is None else reliable(client),
            aclient=None if aclient is None else reliable(aclient),
            batch_size=batch_size,
        )
        if aclient is None:
            self._aclient = as_async(self._client)
        self._field, self._tenant = field, tenant

    @property
    def tenant(self) -> Tenant | None:
        """Whose nodes this store reads and writes; None is everybody's."""
        return self._tenant

    def get_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        limit: int | None = None,
    ) -> list[BaseNode]:
        """Nodes by id, by metadata or by both, with their raw embeddings; all of them where nothing is given.

        Args:
            node_ids: only these.
            filters: only those that match.
            limit: at most so many.

        Raises:
            QueryError: for a filter that has no answer, see `to_filter`.
        """
        return run(self._sync(), self._get(node_ids, filters, limit))

    async def aget_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        limit: int | None = None,
    ) -> list[BaseNode]:
        """`get_nodes`, without blocking the event loop."""
        return await arun(self._aclient, self._get(node_ids, filters, limit))

    def delete(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self, ref_doc_id: str, **delete_kwargs: Any
    ) -> None:
        """Delete the nodes of a source document."""
        run(self._sync(), self._delete(_of_documents([ref_doc_id])))

    async def adelete(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self, ref_doc_id: str, **delete_kwargs: Any
    ) -> None:
        """`delete`, without blocking the event loop."""
        await arun(self._aclient, self._delete(_of_documents([ref_doc_id])))

    def delete_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes by id, by metadata or by both.

        Raises:
            QueryError: when neither is given, which `clear` is for.
        """
        run(self._sync(), self._delete(self._named(node_ids, filters)))

    async def adelete_nodes(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """`delete_nodes`, without blocking the event loop."""
        await arun(self._aclient, self._delete(self._named(node_ids, filters)))

    def clear(self) -> None:
        """Drop the collection; of a shared one, delete the tenant's nodes alone."""
        if self._tenant is None:
            super().clear()
        else:
            run(self._sync(), self._delete(self._tenant.filter))

    async def aclear(self) -> None:
        """`clear`, without blocking the event loop."""
        if self._tenant is None:
            await super().aclear()
        else:
            await arun(self._aclient, self._delete(self._tenant.filter))

    def parse_to_query_result(self, response: list[Any]) -> VectorStoreQueryResult:
        """Nodes of points; where vectors came along, each node has its raw embedding."""
        return super().parse_to_query_result([self._with_raw(point) for point in response])

    def _get(
        self, node_ids: list[str] | None, filters: MetadataFilters | None, limit: int | None
    ) -> Steps[list[BaseNode]]:
        wanted = self._selected(self._ids(node_ids), to_filter(filters))
        records: list[models.Record] = []
        offset: Any = None
        while limit is None or len(records) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(records))
            batch, offset = yield call(
                "scroll",
                collection_name=self.collection_name,
                limit=size,
                offset=offset,
                scroll_filter=wanted,
                with_payload=True,
                with_vectors=True,
            )
            records += batch
            if offset is None:
                break
        return list(self.parse_to_query_result(records).nodes or [])

    def _delete(self, chosen: models.Filter) -> Steps[None]:
        selector = self._selected(chosen)
        yield call("delete", collection_name=self.collection_name, points_selector=selector)

    def _named(self, node_ids: list[str] | None, filters: MetadataFilters | None) -> models.Filter:
        chosen = both(self._ids(node_ids), to_filter(filters))
        if chosen is None:
            raise QueryError("No nodes to delete were named; pass node_ids or filters, or call clear().")
        return chosen

    def _ids(self, node_ids: list[str] | None) -> models.Filter | None:
        if node_ids is None:
            return None
        ids = cast("list[models.ExtendedPointId]", point_ids(node_ids, tenant=self._tenant))
        return models.Filter(must=[models.HasIdCondition(has_id=ids)])

    def _selected(self, *chosen: models.Filter | None) -> models.Filter | None:
        """The points that all of these select, and the tenant has."""
        return both(*chosen, self._tenant.filter if self._tenant else None)

    def _build_query_filter(self, query: VectorStoreQuery) -> models.Filter | None:
        return both(
            _of_documents(query.doc_ids) if query.doc_ids else None,
            self._ids(query.node_ids) if query.node_ids else None,
            to_filter(query.filters),
        )

    def _with_raw(self, point: Any) -> Any:
        if point.vector is None:
            return point
        vector, payload = self._field.of(point.vector), point.payload or {}
        raw = None if vector is None else raw_vector(vector, payload, self._field).tolist()
        return point.model_copy(update={"vector": raw})

    def _sync(self) -> QdrantClient:
        if self._client is None:
            raise QueryError("This store has only an async client; pass client=…, or use the async methods.")
        return self._client


def _of_documents(ids: list[str]) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="doc_id", match=models.MatchAny(any=ids))])

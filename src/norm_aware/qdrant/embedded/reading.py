"""Searching and reading points of the embedded engine, as qdrant-client names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qdrant_client import models
from qdrant_client.client_base import QdrantBase
from qdrant_client.http.models import QueryResponse

from norm_aware.qdrant.embedded.edge import edge
from norm_aware.qdrant.embedded.filters import to_filter
from norm_aware.qdrant.embedded.folder import Folder
from norm_aware.qdrant.embedded.ids import from_id, to_id
from norm_aware.qdrant.embedded.points import from_record, from_scored
from norm_aware.qdrant.embedded.queries import to_order, to_request, to_wanted_payload, to_wanted_vectors
from norm_aware.qdrant.embedded.unsupported import require_supported


class Reading(QdrantBase):
    """Everything that changes nothing."""

    _folder: Folder

    def query_points(
        self,
        collection_name: str,
        query: Any = None,
        using: str | None = None,
        prefetch: Any = None,
        query_filter: Any = None,
        search_params: Any = None,
        limit: int = 10,
        offset: int | None = None,
        with_payload: Any = True,
        with_vectors: Any = False,
        score_threshold: float | None = None,
        lookup_from: Any = None,
        **others: Any,
    ) -> QueryResponse:
        require_supported(others, "query_points")
        request = models.QueryRequest.model_construct(
            query=query,
            using=using,
            prefetch=prefetch,
            filter=query_filter,
            params=search_params,
            limit=limit,
            offset=offset,
            with_payload=with_payload,
            with_vector=with_vectors,
            score_threshold=score_threshold,
            lookup_from=lookup_from,
        )
        return self.query_batch_points(collection_name, [request])[0]

    def query_batch_points(
        self, collection_name: str, requests: Sequence[Any], **others: Any
    ) -> list[QueryResponse]:
        require_supported(others, "query_batch_points")
        sent = edge.QueryBatchRequest([to_request(request) for request in requests])
        answers = self._folder.get(collection_name).read(lambda shard: shard.query_batch(sent))
        return [
            QueryResponse.model_construct(points=[from_scored(point) for point in answer])
            for answer in answers
        ]

    def scroll(
        self,
        collection_name: str,
        scroll_filter: Any = None,
        limit: int = 10,
        order_by: Any = None,
        offset: Any = None,
        with_payload: Any = True,
        with_vectors: Any = False,
        **others: Any,
    ) -> tuple[list[models.Record], Any]:
        require_supported(others, "scroll")
        sent = edge.ScrollRequest(
            offset=None if offset is None else to_id(offset),
            limit=limit,
            filter=to_filter(scroll_filter),
            with_payload=to_wanted_payload(with_payload),
            with_vector=to_wanted_vectors(with_vectors),
            order_by=to_order(order_by),
        )
        records, after = self._folder.get(collection_name).read(lambda shard: shard.scroll(sent))
        return [from_record(record) for record in records], None if after is None else from_id(after)

    def retrieve(
        self,
        collection_name: str,
        ids: Sequence[Any],
        with_payload: Any = True,
        with_vectors: Any = False,
        **others: Any,
    ) -> list[models.Record]:
        require_supported(others, "retrieve")
        wanted: list[Any] = [to_id(point) for point in ids]
        payload, vectors = to_wanted_payload(with_payload), to_wanted_vectors(with_vectors)
        records = self._folder.get(collection_name).read(lambda s: s.retrieve(wanted, payload, vectors))
        return [from_record(record) for record in records]

    def count(
        self, collection_name: str, count_filter: Any = None, exact: bool = True, **others: Any
    ) -> models.CountResult:
        require_supported(others, "count")
        sent = edge.CountRequest(exact=exact, filter=to_filter(count_filter))
        return models.CountResult(count=self._folder.get(collection_name).read(lambda s: s.count(sent)))

"""Storing, changing and deleting points of the embedded engine, as qdrant-client names them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from qdrant_client import models
from qdrant_client.client_base import QdrantBase

from norm_aware.qdrant.embedded.edge import edge, named, refuse
from norm_aware.qdrant.embedded.filters import to_filter
from norm_aware.qdrant.embedded.folder import Folder
from norm_aware.qdrant.embedded.ids import to_id
from norm_aware.qdrant.embedded.points import to_payload, to_points
from norm_aware.qdrant.embedded.unsupported import DONE, require_supported


class Writing(QdrantBase):
    """Everything that changes points; each change is in the log, and survives a kill, once it returns."""

    _folder: Folder

    def upsert(
        self,
        collection_name: str,
        points: Any,
        update_filter: Any = None,
        update_mode: Any = None,
        **others: Any,
    ) -> models.UpdateResult:
        require_supported(others, "upsert")
        mode = None if update_mode is None else named(edge.UpdateMode, update_mode)
        collection = self._folder.get(collection_name)
        collection.upsert(to_points(points), condition=to_filter(update_filter), mode=mode)
        if not self._folder.deferring:
            collection.index_if_due()
        return DONE

    def upload_points(
        self, collection_name: str, points: Iterable[Any], batch_size: int = 64, **others: Any
    ) -> None:
        rest = iter(points)
        while batch := list(itertools.islice(rest, batch_size)):
            self.upsert(collection_name, batch, **others)

    def upload_collection(
        self, collection_name: str, vectors: Any, payload: Any = None, ids: Any = None, **others: Any
    ) -> None:
        numbers: Iterable[Any] = itertools.count() if ids is None else ids
        payloads: Iterable[Any] = itertools.repeat({}) if payload is None else payload
        # columns end with the shortest, which repeat and count never are
        rows = zip(_rows(vectors), numbers, payloads)  # noqa: B905
        points = (
            models.PointStruct.model_construct(id=number, vector=vector, payload=content)
            for vector, number, content in rows
        )
        self.upload_points(collection_name, points, **others)

    def update_vectors(
        self, collection_name: str, points: Sequence[Any], update_filter: Any = None, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "update_vectors")
        self._folder.get(collection_name).update_vectors(points, condition=to_filter(update_filter))
        return DONE

    def delete_vectors(
        self, collection_name: str, vectors: Sequence[str], points: Any, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "delete_vectors")
        return self._selected(collection_name, "delete_vectors", points, list(vectors))

    def delete(self, collection_name: str, points_selector: Any, **others: Any) -> models.UpdateResult:
        require_supported(others, "delete")
        return self._selected(collection_name, "delete_points", points_selector)

    def set_payload(
        self, collection_name: str, payload: Any, points: Any, key: str | None = None, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "set_payload")
        return self._selected(collection_name, "set_payload", points, to_payload(payload), key)

    def overwrite_payload(
        self, collection_name: str, payload: Any, points: Any, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "overwrite_payload")
        return self._selected(collection_name, "overwrite_payload", points, to_payload(payload))

    def delete_payload(
        self, collection_name: str, keys: Sequence[str], points: Any, **others: Any
    ) -> models.UpdateResult:
        require_supported(others, "delete_payload")
        return self._selected(collection_name, "delete_payload", points, list(keys))

    def clear_payload(self, collection_name: str, points_selector: Any, **others: Any) -> models.UpdateResult:
        require_supported(others, "clear_payload")
        return self._selected(collection_name, "clear_payload", points_selector)

    def batch_update_points(
        self, collection_name: str, update_operations: Sequence[Any], **others: Any
    ) -> list[models.UpdateResult]:
        require_supported(others, "batch_update_points")
        return [self._apply(collection_name, operation) for operation in update_operations]

    def _apply(self, collection: str, operation: Any) -> models.UpdateResult:
        """One operation of a batch, as the method of its own that it stands for."""
        if isinstance(operation, models.UpsertOperation):
            given = operation.upsert
            points = given.batch if isinstance(given, models.PointsBatch) else given.points
            return self.upsert(collection, points, update_filter=given.update_filter)
        if isinstance(operation, models.DeleteOperation):
            return self.delete(collection, operation.delete)
        if isinstance(operation, models.ClearPayloadOperation):
            return self.clear_payload(collection, operation.clear_payload)
        if isinstance(operation, models.UpdateVectorsOperation):
            return self.update_vectors(collection, operation.update_vectors.points)
        if isinstance(operation, models.SetPayloadOperation):
            change = operation.set_payload
            return self.set_payload(collection, change.payload, _selector(change), key=change.key)
        if isinstance(operation, models.OverwritePayloadOperation):
            change = operation.overwrite_payload
            return self.overwrite_payload(collection, change.payload, _selector(change))
        if isinstance(operation, models.DeletePayloadOperation):
            return self.delete_payload(
                collection, operation.delete_payload.keys, _selector(operation.delete_payload)
            )
        if isinstance(operation, models.DeleteVectorsOperation):
            return self.delete_vectors(
                collection, operation.delete_vectors.vector, _selector(operation.delete_vectors)
            )
        raise refuse(f"the operation {type(operation).__name__}")

    def _selected(self, collection: str, method: str, selected: Any, *arguments: Any) -> models.UpdateResult:
        """Change the points that ids or a filter select."""
        if isinstance(selected, models.FilterSelector):
            selected = selected.filter
        if isinstance(selected, models.Filter):
            change = getattr(edge.UpdateOperation, f"{method}_by_filter")(to_filter(selected), *arguments)
        else:
            ids = selected.points if isinstance(selected, models.PointIdsList) else selected
            ids = [ids] if isinstance(ids, (int, str)) else ids
            change = getattr(edge.UpdateOperation, method)([to_id(point) for point in ids], *arguments)
        self._folder.get(collection).update(change)
        return DONE


def _selector(change: Any) -> Any:
    """What an operation of a batch is applied to."""
    return change.filter if change.points is None else change.points


def _rows(vectors: Any) -> Iterable[Any]:
    """Vectors point by point, also of several names in columns."""
    if not isinstance(vectors, dict):
        return (row.tolist() if isinstance(row, np.ndarray) else row for row in vectors)
    columns = zip(*vectors.values(), strict=True)
    return (dict(zip(vectors, row, strict=True)) for row in columns)

"""Points and records between qdrant-client and the embedded engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_jsonable_python
from qdrant_client import models

from norm_aware.qdrant.embedded.edge import edge
from norm_aware.qdrant.embedded.ids import from_id, to_id
from norm_aware.qdrant.embedded.vectors import from_vector, to_vector


def to_points(points: Sequence[models.PointStruct] | models.Batch) -> list[models.PointStruct]:
    """Points one by one, also of a batch given by columns."""
    if not isinstance(points, models.Batch):
        return list(points)
    columns: Any = points.vectors
    if isinstance(columns, dict):
        columns = [{name: rows[i] for name, rows in columns.items()} for i in range(len(points.ids))]
    payloads: Any = points.payloads or [None] * len(points.ids)
    return [
        models.PointStruct(id=point, vector=vector, payload=payload)
        for point, vector, payload in zip(points.ids, columns, payloads, strict=True)
    ]


def to_point(point: models.PointStruct) -> edge.Point:
    """A point to store.

    Raises:
        CollectionError: for an id that Qdrant does not take.
    """
    return edge.Point(to_id(point.id), to_vector(point.vector), to_payload(point.payload))


def to_payload(payload: Any) -> Any:
    """A payload as JSON has it: dates and UUIDs become text."""
    return to_jsonable_python(payload or {})


def from_record(record: edge.Record) -> models.Record:
    """A point as scrolling and retrieving return it."""
    return models.Record.model_construct(
        id=from_id(record.id),
        payload=record.payload,
        vector=from_vector(record.vector),
        shard_key=None,
        order_value=record.order_value,
    )


def from_scored(point: edge.ScoredPoint) -> models.ScoredPoint:
    """A point as a query returns it."""
    return models.ScoredPoint.model_construct(
        id=from_id(point.id),
        version=point.version,
        score=point.score,
        payload=point.payload,
        vector=from_vector(point.vector),
        shard_key=None,
        order_value=point.order_value,
    )

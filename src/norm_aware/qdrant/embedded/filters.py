"""qdrant-client's filters as the embedded engine takes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from norm_aware.qdrant.embedded.edge import edge, refuse
from norm_aware.qdrant.embedded.ids import to_id


def to_filter(given: models.Filter | None) -> edge.Filter | None:
    """A filter, None for None.

    Raises:
        UnsupportedError: for a condition the engine does not have.
    """
    if given is None:
        return None
    at_least = given.min_should
    return edge.Filter(
        must=_conditions(given.must),
        should=_conditions(given.should),
        must_not=_conditions(given.must_not),
        min_should=None
        if at_least is None
        else edge.MinShould([to_condition(c) for c in at_least.conditions], at_least.min_count),
    )


def to_condition(condition: Any) -> Any:
    """One condition of a filter or a formula.

    Raises:
        UnsupportedError: for one the engine does not have.
    """
    convert = CONDITIONS.get(type(condition))
    if convert is None:
        raise refuse(f"the condition {type(condition).__name__}")
    return convert(condition)


def _conditions(given: Any) -> list[Any] | None:
    if given is None:
        return None
    return [to_condition(c) for c in (given if isinstance(given, Sequence) else [given])]


def _field(condition: models.FieldCondition) -> edge.FieldCondition:
    box, circle, shape = condition.geo_bounding_box, condition.geo_radius, condition.geo_polygon
    count = condition.values_count
    return edge.FieldCondition(
        condition.key,
        match=None if condition.match is None else _match(condition.match),
        range=None if condition.range is None else _range(condition.range),
        geo_bounding_box=None
        if box is None
        else edge.GeoBoundingBox(_at(box.top_left), _at(box.bottom_right)),
        geo_radius=None if circle is None else edge.GeoRadius(_at(circle.center), circle.radius),
        geo_polygon=None
        if shape is None
        else edge.GeoPolygon(_line(shape.exterior), [_line(line) for line in shape.interiors or []]),
        values_count=None
        if count is None
        else edge.ValuesCount(lt=count.lt, gt=count.gt, lte=count.lte, gte=count.gte),
        is_empty=condition.is_empty,
        is_null=condition.is_null,
    )


def _match(match: Any) -> Any:
    convert = _MATCHES.get(type(match))
    if convert is None:
        raise refuse(f"the match {type(match).__name__}")
    return convert(match)


def _value(value: Any) -> Any:
    """A value to match; a plain bool would be taken for a whole number, numpy's is not."""
    return np.bool_(value) if isinstance(value, bool) else value


def _range(given: models.Range | models.DatetimeRange) -> Any:
    if isinstance(given, models.Range):
        return edge.RangeFloat(gte=given.gte, gt=given.gt, lte=given.lte, lt=given.lt)
    return edge.RangeDateTime(
        gte=_moment(given.gte), gt=_moment(given.gt), lte=_moment(given.lte), lt=_moment(given.lt)
    )


def _moment(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value


def _at(point: models.GeoPoint) -> edge.GeoPoint:
    return edge.GeoPoint(point.lon, point.lat)


def _line(line: models.GeoLineString) -> list[edge.GeoPoint]:
    return [_at(point) for point in line.points]


def _nested(condition: models.NestedCondition) -> edge.NestedCondition:
    inner = to_filter(condition.nested.filter)
    return edge.NestedCondition(condition.nested.key, inner or edge.Filter())


_MATCHES: dict[type, Callable[[Any], Any]] = {
    models.MatchValue: lambda m: edge.MatchValue(_value(m.value)),
    models.MatchText: lambda m: edge.MatchText(m.text),
    models.MatchTextAny: lambda m: edge.MatchTextAny(m.text_any),
    models.MatchPhrase: lambda m: edge.MatchPhrase(m.phrase),
    models.MatchAny: lambda m: edge.MatchAny(m.any),
    models.MatchExcept: lambda m: edge.MatchExcept(m.except_),
}
if hasattr(models, "MatchSubstring"):  # newer than the oldest qdrant-client we take
    _MATCHES[models.MatchPrefix] = lambda m: edge.MatchPrefix(m.prefix)
    _MATCHES[models.MatchSubstring] = lambda m: edge.MatchSubstring(m.substring)

CONDITIONS: dict[type, Callable[[Any], Any]] = {
    models.FieldCondition: _field,
    models.IsEmptyCondition: lambda c: edge.IsEmptyCondition(c.is_empty.key),
    models.IsNullCondition: lambda c: edge.IsNullCondition(c.is_null.key),
    models.HasIdCondition: lambda c: edge.HasIdCondition({to_id(point) for point in c.has_id}),
    models.HasVectorCondition: lambda c: edge.HasVectorCondition(c.has_vector),
    models.NestedCondition: _nested,
    models.Filter: to_filter,
}

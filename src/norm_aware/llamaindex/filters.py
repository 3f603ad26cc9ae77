"""LlamaIndex's metadata filters as Qdrant filters: every operator, every condition, nested.

Where LlamaIndex leaves a case open, Qdrant's payload decides: a field that is a list satisfies a condition
when one of its elements does. Numbers are equal by value, so 3 finds 3.0; LlamaIndex's filters take no
boolean, and 1 and 0 stand for true and false as in Python. A field that is missing satisfies `NE` and `NIN`,
which say that something is not there. A dot in a key leads into a nested field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)
from pydantic import ValidationError
from qdrant_client import models

from norm_aware.errors import QueryError

_EXACT = 2**53  # integers up to this are exact as the float that a range compares
_STEP = r'([\w-]+|"[^"]+")(\[\d*\])*'
_PATH = re.compile(rf"{_STEP}(\.{_STEP})*")  # keys that Qdrant reads as they are
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RANGES = {
    FilterOperator.GT: "gt",
    FilterOperator.GTE: "gte",
    FilterOperator.LT: "lt",
    FilterOperator.LTE: "lte",
}


def to_filter(filters: MetadataFilters | None) -> models.Filter | None:
    """The Qdrant filter that selects what LlamaIndex's filters select.

    Args:
        filters: with conditions AND, OR and NOT (none of them holds), nested at will.

    Returns:
        None where there is nothing to filter by.

    Raises:
        QueryError: when an operator was given a value it cannot take, such as a word to `GT`.

    Example:
        >>> from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
        >>> year = MetadataFilter(key="year", value=2020, operator=">=")
        >>> to_filter(MetadataFilters(filters=[year])).must[0].range.gte
        2020.0
    """
    if filters is None:
        return None
    conditions: list[models.Condition] = []
    for each in filters.filters:
        condition = to_filter(each) if isinstance(each, MetadataFilters) else _condition(each)
        if condition is not None:
            conditions.append(condition)
    if not conditions:
        return None
    if filters.condition == FilterCondition.OR:
        return models.Filter(should=conditions)
    if filters.condition == FilterCondition.NOT:
        return models.Filter(must_not=conditions)
    return models.Filter(must=conditions)


def both(*filters: models.Filter | None) -> models.Filter | None:
    """The filter that selects what all of these select; None filters nothing."""
    given: list[models.Condition] = [each for each in filters if each is not None]
    if len(given) < 2:
        return next((each for each in filters if each is not None), None)
    return models.Filter(must=given)


def _condition(given: MetadataFilter) -> models.Condition:
    operator, value, key = given.operator, given.value, _path(given.key)
    if operator == FilterOperator.IS_EMPTY:
        return models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
    if value is None:
        raise QueryError(
            f"The filter on {given.key!r} by {operator.value!r} has no value; give one, or ask for nodes "
            "without the field by operator 'is_empty'."
        )
    if operator in _RANGES:
        return _range(given, key)
    if operator in {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}:
        return _text(given, key)
    if operator in {FilterOperator.IN, FilterOperator.ANY}:
        return _any(key, _values(given))
    if operator == FilterOperator.NIN:
        return models.Filter(must_not=[_any(key, _values(given))])
    if operator == FilterOperator.ALL:
        return models.Filter(must=[_equals(key, each) for each in _values(given, least=1)])
    if isinstance(value, list):
        raise QueryError(
            f"The filter on {given.key!r} by {operator.value!r} was given a list; one value is needed. "
            "'in' or 'any' take a list of which one is present, 'all' one of which all are."
        )
    if operator == FilterOperator.NE:
        return models.Filter(must_not=[_equals(key, value)])
    return _equals(key, value)  # EQ; CONTAINS is the same of a list


def _path(key: str) -> str:
    """A metadata key as a payload path; one that is no path, such as `file name`, is quoted."""
    if _PATH.fullmatch(key):
        return key
    if '"' in key or not key:
        raise QueryError(f"Qdrant cannot filter by the metadata key {key!r}; rename it, without quotes.")
    return f'"{key}"'


def _values(given: MetadataFilter, *, least: int = 0) -> Sequence[Any]:
    values: Sequence[Any]
    if isinstance(given.value, list):
        values = given.value
    elif isinstance(given.value, str) and given.operator in {FilterOperator.IN, FilterOperator.NIN}:
        values = given.value.split(",")  # as LlamaIndex's own Qdrant store reads it
    else:
        values = [given.value]
    if len(values) < least:
        raise QueryError(
            f"The filter on {given.key!r} by {given.operator.value!r} was given an empty list; give at least "
            f"{least} value, or leave the filter out."
        )
    return values


def _any(key: str, values: Sequence[Any]) -> models.Condition:
    words = [value for value in values if isinstance(value, str)]
    others: list[models.Condition] = [_equals(key, value) for value in values if not isinstance(value, str)]
    if words or not others:  # no value at all matches nothing
        others.append(models.FieldCondition(key=key, match=models.MatchAny(any=words)))
    return others[0] if len(others) == 1 else models.Filter(should=others)


def _equals(key: str, value: Any) -> models.Condition:
    if isinstance(value, (str, bool)) or (isinstance(value, int) and abs(value) > _EXACT):
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))
    number = models.FieldCondition(key=key, range=models.Range(gte=value, lte=value))
    if value not in (0, 1):
        return number
    truth = models.FieldCondition(key=key, match=models.MatchValue(value=bool(value)))
    return models.Filter(should=[number, truth])


def _range(given: MetadataFilter, key: str) -> models.Condition:
    bound, value = _RANGES[given.operator], given.value
    if isinstance(value, (int, float)):
        return models.FieldCondition(key=key, range=models.Range(**{bound: value}))
    if isinstance(value, str) and _DATE.match(value):
        try:
            return models.FieldCondition(key=key, range=models.DatetimeRange(**{bound: value}))
        except ValidationError:
            pass  # looks like a date and is none
    raise QueryError(
        f"The filter on {given.key!r} by {given.operator.value!r} was given {value!r}; a number or an ISO "
        "date such as '2024-12-31' or '2024-12-31T12:00:00Z' is needed: Qdrant puts nothing else in order."
    )


def _text(given: MetadataFilter, key: str) -> models.Condition:
    if not isinstance(given.value, str):
        raise QueryError(
            f"The filter on {given.key!r} by {given.operator.value!r} was given {given.value!r}; a text "
            "is needed."
        )
    if given.operator == FilterOperator.TEXT_MATCH_INSENSITIVE:
        return models.FieldCondition(key=key, match=models.MatchPhrase(phrase=given.value))
    if not hasattr(models, "MatchSubstring"):
        raise QueryError(
            "Operator 'text_match' needs a newer qdrant-client and Qdrant, which find a part of a text; "
            "upgrade, or use 'text_match_insensitive', which finds words."
        )
    return models.FieldCondition(key=key, match=models.MatchSubstring(substring=given.value))

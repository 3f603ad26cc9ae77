"""From one record of a file, {"_id" or "id", "title"?, "text", "metadata"?}, to a node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from llama_index.core.schema import BaseNode, TextNode

from norm_aware.ingestion.skipped import BAD_ENCODING, MALFORMED, Skipped


class Found(NamedTuple):
    """A document, or why there is none, and where it was found: file and line, say."""

    where: str
    item: BaseNode | Skipped


class RecordError(Exception):
    """A record that is no document; its two arguments are the reason and the detail."""


def read_line(line: bytes, where: str) -> Found:
    """The document of one line of a `.jsonl` file."""
    try:
        return Found(where, _node(_parse(line)))
    except RecordError as error:
        return Found(where, Skipped(where, *error.args))


def read_record(record: Mapping[str, Any], where: str) -> Found:
    """The document of one row."""
    try:
        return Found(where, _node(record))
    except RecordError as error:
        return Found(where, Skipped(where, *error.args))


def _parse(line: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise RecordError(BAD_ENCODING, f"not UTF-8 ({error.reason} at byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(MALFORMED, f"not valid JSON ({error})") from None
    if not isinstance(record, dict):
        raise RecordError(MALFORMED, f"a JSON object is needed, this is a {type(record).__name__}")
    return record


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _node(record: Mapping[str, Any]) -> TextNode:
    key = record.get("_id", record.get("id"))
    if not isinstance(key, (str, int)) or isinstance(key, bool) or key == "":
        raise RecordError(MALFORMED, "no '_id' or 'id'")
    title, text = record.get("title") or "", record.get("text")
    for field, value in (("title", title), ("text", text)):
        if not isinstance(value, str):
            raise RecordError(MALFORMED, f"{field!r} is missing or not a string")
    metadata = _metadata(record.get("metadata"))
    node = TextNode(
        id_=str(key),
        text=f"{title}\n{text}" if title else text,
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),  # to filter by; what is embedded is the text
    )
    try:
        (node.id_ + node.text + json.dumps(metadata, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        raise RecordError(BAD_ENCODING, "a lone surrogate, which is no text") from None
    except (TypeError, ValueError) as error:
        raise RecordError(MALFORMED, f"'metadata' is not JSON ({error})") from None
    return node


def _metadata(value: Any) -> dict[str, Any]:
    if isinstance(value, str):  # as Parquet files often hold it
        try:
            value = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise RecordError(MALFORMED, "'metadata' is not JSON") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise RecordError(MALFORMED, f"'metadata' is a {type(value).__name__}; an object is needed")
    return dict(value)

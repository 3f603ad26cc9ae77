"""The node in a point that LlamaIndex or another tool stored, from its payload alone."""

from __future__ import annotations

import json
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node
from qdrant_client import models

from norm_aware.errors import EmbeddingError

_NODE = "_node_content"


def stored_node(record: models.Record, *, text_key: str | None = None) -> BaseNode:
    """The node of a point, whose embedded text its vector was made from.

    Args:
        record: with its payload.
        text_key: payload key of the text in points of other tools, which become nodes with the rest of the
            payload as metadata, embedded by the text alone.

    Raises:
        EmbeddingError: when there is no text; its message is the reason, without the point's name.
    """
    payload = record.payload or {}
    node = _llamaindex_node(payload) if _NODE in payload else None
    text = payload.get(text_key) if text_key is not None else None
    if node is None:
        if text_key is None:
            raise EmbeddingError("not LlamaIndex's, and no text key was given")
        if not isinstance(text, str):
            raise EmbeddingError(f"no text under {text_key!r}")
        metadata = {key: value for key, value in payload.items() if key != text_key}
        node = TextNode(
            id_=str(record.id),
            text=text,
            metadata=metadata,
            excluded_embed_metadata_keys=list(metadata),
        )
    elif isinstance(node, TextNode) and not node.text and isinstance(text, str):
        node.text = text
    if not node.get_content(MetadataMode.NONE).strip():
        raise EmbeddingError("empty text")
    return node


def _llamaindex_node(payload: dict[str, Any]) -> BaseNode:
    try:
        return metadata_dict_to_node(payload)
    except (ValueError, TypeError, KeyError, AttributeError, json.JSONDecodeError):
        raise EmbeddingError("a node that cannot be read") from None

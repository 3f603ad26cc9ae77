from __future__ import annotations

import pytest
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.vector_stores.utils import node_to_metadata_dict
from qdrant_client import models

from norm_aware.errors import EmbeddingError
from norm_aware.llamaindex.stored_text import stored_node


def record(payload) -> models.Record:
    return models.Record(id=7, payload=payload)


def test_llamaindexs_own_node_comes_back_with_what_was_embedded():
    node = TextNode(id_="n", text="rain", metadata={"colour": "grey"})
    payload = node_to_metadata_dict(node, remove_text=False, flat_metadata=False)
    found = stored_node(record(payload))
    assert found.node_id == "n"
    assert (
        found.get_content(MetadataMode.EMBED)
        == node.get_content(MetadataMode.EMBED)
        == "colour: grey\n\nrain"
    )


def test_a_text_stored_beside_the_node_is_taken_where_the_node_has_none():
    node = TextNode(id_="n", text="rain")
    payload = {**node_to_metadata_dict(node, remove_text=True, flat_metadata=False), "text": "rain"}
    assert stored_node(record(payload), text_key="text").get_content() == "rain"


def test_another_tools_point_becomes_a_node_that_is_embedded_by_its_text_alone():
    found = stored_node(record({"body": "rain", "colour": "grey"}), text_key="body")
    assert (found.node_id, found.metadata) == ("7", {"colour": "grey"})
    assert found.get_content(MetadataMode.EMBED) == "rain"


@pytest.mark.parametrize(
    ("payload", "text_key", "reason"),
    [
        ({"body": "x"}, None, "no text key was given"),
        ({"other": "x"}, "body", "no text under 'body'"),
        ({"body": 3}, "body", "no text under 'body'"),
        ({"body": " "}, "body", "empty text"),
        ({"_node_content": "{broken", "_node_type": "TextNode"}, None, "cannot be read"),
        (None, None, "no text key"),
    ],
)
def test_a_point_without_text_says_why(payload, text_key, reason):
    with pytest.raises(EmbeddingError, match=reason):
        stored_node(record(payload), text_key=text_key)

"""Which documents are fit to be indexed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llama_index.core.schema import BaseNode, MetadataMode

from norm_aware.ingestion.records import Found
from norm_aware.ingestion.seen import Seen
from norm_aware.ingestion.skipped import (
    DUPLICATE,
    DUPLICATE_ID,
    EMPTY,
    RESERVED_NAME,
    TOO_LONG,
    Skipped,
)
from norm_aware.llamaindex.points import content_hash
from norm_aware.qdrant.calibrated import RESERVED


def check(
    found: Iterable[Found], *, seen: Seen, max_characters: int, keep_duplicates: bool
) -> Iterator[BaseNode | Skipped]:
    """Each document as it is, or why it is left out.

    Args:
        found: documents, and those left out before.
        seen: ids and contents met before.
        max_characters: a longer text is left out.
        keep_duplicates: take a document of the same text and metadata as one before.
    """
    for where, item in found:
        if isinstance(item, Skipped):
            yield item
        else:
            yield _checked(item, where, seen, max_characters, keep_duplicates)


def _checked(
    node: BaseNode, where: str, seen: Seen, max_characters: int, keep_duplicates: bool
) -> BaseNode | Skipped:
    text = node.get_content(MetadataMode.NONE)

    def skip(reason: str, detail: str) -> Skipped:
        return Skipped(where, reason, detail, id=node.node_id)

    if not text.strip():
        return skip(EMPTY, "no text")
    if len(text) > max_characters:
        return skip(TOO_LONG, f"{len(text)} characters; at most {max_characters} are taken")
    if taken := RESERVED & node.metadata.keys():
        return skip(
            RESERVED_NAME, f"metadata named {min(taken)!r}, which the payload needs for the embedding"
        )
    if not seen.add(f"id {node.node_id}"):
        return skip(DUPLICATE_ID, "a document before has the same id")
    if not keep_duplicates and not seen.add(f"content {content_hash(node)}"):
        return skip(DUPLICATE, "a document before has the same text and metadata")
    return node

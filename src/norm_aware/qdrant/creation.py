"""Creates a collection for certain: once, even where an answer gets lost, and with its contract kept."""

from __future__ import annotations

from typing import Any

from qdrant_client import models

from norm_aware.errors import ServerError, ServerVersionError
from norm_aware.qdrant.calls import Steps, call


def create_recorded(collection: str, *, metadata: dict[str, Any], **config: Any) -> Steps[None]:
    """Create a collection and see that its metadata came to be.

    A creation is never asked for twice, since somebody else's may have come in between. When its answer got
    lost, a collection of the same metadata is ours.

    Args:
        collection: its name.
        metadata: what it records.
        config: further arguments of a client's `create_collection`.

    Raises:
        ServerError: when it could not be created, or it is unknown whether it was.
        ServerVersionError: when the server is too old to keep metadata; nothing is left behind.
    """
    lost: ServerError | None = None
    try:
        yield call("create_collection", collection_name=collection, metadata=metadata, **config)
    except ServerError as error:
        if not error.uncertain or not (yield call("collection_exists", collection_name=collection)):
            raise
        lost = error
    info: models.CollectionInfo = yield call("get_collection", collection_name=collection)
    kept = info.config.metadata or {}
    if lost is not None and (kept != metadata or info.points_count):
        raise lost
    if metadata.keys() - kept.keys():
        yield call("delete_collection", collection_name=collection)
        raise ServerVersionError(
            f"This Qdrant keeps no metadata of collection {collection!r}, in which its contract stands; "
            "upgrade it to 1.16 or newer."
        )

"""Storage in a folder: the embedded engine, or qdrant-client's local mode where that has to do."""

from __future__ import annotations

import logging
from pathlib import Path

from qdrant_client import QdrantClient

from norm_aware.errors import CollectionError, MissingExtraError

logger = logging.getLogger(__name__)


def open_storage(path: Path) -> QdrantClient:
    """A client of the collections in a folder, which is made where it does not exist.

    A folder that local mode wrote stays local mode's. Where the embedded engine is not installed, local mode
    is taken for a new folder too, and a warning logged.

    Raises:
        CollectionError: when another process has the folder open, or it cannot be written.
    """
    if not (path / "meta.json").is_file():
        try:
            from norm_aware.qdrant.embedded import EmbeddedClient

            return EmbeddedClient(path)
        except MissingExtraError as error:
            logger.warning("%s uses Qdrant's local mode, which scores every point in Python. %s", path, error)
    try:
        return QdrantClient(path=str(path))
    except (RuntimeError, OSError, ValueError) as error:
        if "already accessed" in str(error):
            raise CollectionError(
                f"{path} is in use by another process; wait for it, or choose another folder."
            ) from error
        raise CollectionError(f"{path} cannot be opened as Qdrant's storage: {error}") from error


def build_index(client: QdrantClient, collection: str) -> None:
    """Build the vector index now, on an engine that does so when it is told to; others do it on their own."""
    build = getattr(client, "optimize", None)
    if build is not None:
        build(collection)

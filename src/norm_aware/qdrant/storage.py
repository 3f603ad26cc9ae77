"""Storage in a folder: the embedded engine, or qdrant-client's local mode where that has to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


@contextmanager
def one_index(client: QdrantClient, collection: str) -> Iterator[None]:
    """Have an engine build its vector index once, after a large load, and not several times."""
    with deferred(client):
        yield
    build_index(client, collection)


def deferred(client: QdrantClient) -> AbstractContextManager[None]:
    """While an engine that builds its index of itself does not."""
    defer: Callable[[], AbstractContextManager[None]] = getattr(client, "deferring", nullcontext)
    return defer()


def build_index(client: QdrantClient, collection: str) -> None:
    """Build the vector index now, on an engine that does so when it is told to; others do it on their own."""
    build = getattr(client, "optimize", None)
    if build is not None:
        build(collection)

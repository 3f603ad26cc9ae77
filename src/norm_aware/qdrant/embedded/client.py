"""The clients of the embedded engine: qdrant-client's own, with the engine in this process behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.async_client_base import AsyncQdrantBase

from norm_aware.qdrant.embedded.administration import Administration
from norm_aware.qdrant.embedded.folder import Folder
from norm_aware.qdrant.embedded.reading import Reading
from norm_aware.qdrant.embedded.unsupported import refuse_missing
from norm_aware.qdrant.embedded.vector_names import VectorNames
from norm_aware.qdrant.embedded.writing import Writing


@refuse_missing
class EmbeddedEngine(Administration, VectorNames, Writing, Reading):
    """qdrant-client's interface over the collections of a folder."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._folder = Folder(path)

    @property
    def folder(self) -> Folder:
        """The collections."""
        return self._folder

    def optimize(self, collection_name: str) -> None:
        self._folder.get(collection_name).optimize()

    def flush(self, collection_name: str) -> None:
        self._folder.get(collection_name).flush()

    def close(self, **_: Any) -> None:
        self._folder.close()


class EmbeddedClient(QdrantClient):
    """Qdrant's engine in this process: HNSW, a log of changes, filters, formulas and quantisation, no server.

    It is a `QdrantClient`, for LlamaIndex's own store too. A change that has returned survives the process
    being killed. The index is built by `optimize`, and on its own whenever the points outside it outnumber
    those in it and 50,000; until then they are searched by brute force, which is exact. What the engine
    does not have is refused by name. Calls hold the interpreter, so threads take turns.

    Args:
        path: folder of the collections; one process at a time has it open.

    Raises:
        MissingExtraError: where qdrant-edge-py is not installed.
        CollectionError: when the folder is in use, cannot be written, or local mode wrote it.

    Example:
        >>> import tempfile
        >>> from norm_aware.qdrant.embedded import EmbeddedClient
        >>> client = EmbeddedClient(tempfile.mkdtemp())
        >>> client.get_collections().collections
        []
        >>> client.close()
    """

    def __init__(self, path: str | Path) -> None:
        engine = EmbeddedEngine(Path(path))
        # inference on a server is what "cloud" means: texts are not embedded here, and not looked for
        super().__init__(location=":memory:")
        self.cloud_inference = True
        self._client = engine
        self._init_options = {"path": str(path)}

    def optimize(self, collection_name: str) -> None:
        """Build the index of everything stored in a collection; nothing else runs in the process meanwhile.

        Raises:
            CollectionError: when there is no such collection, or the disk is nearly full.
        """
        self._engine.optimize(collection_name)

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Build no index of itself meanwhile: for a large load, which ends with `optimize`."""
        folder = self._engine.folder
        before, folder.deferring = folder.deferring, True
        try:
            yield
        finally:
            folder.deferring = before

    def flush(self, collection_name: str) -> None:
        """Write a collection to the disk itself, so that it survives a power cut too."""
        self._engine.flush(collection_name)

    def as_async(self) -> AsyncEmbeddedClient:
        """An async client of the same folder."""
        return AsyncEmbeddedClient(self)

    @property
    def _engine(self) -> EmbeddedEngine:
        engine = self._client
        assert isinstance(engine, EmbeddedEngine)  # noqa: S101  # set above
        return engine


class AsyncEmbeddedClient(AsyncQdrantClient):
    """`EmbeddedClient` where an async client is wanted; both may be used at once.

    Its calls do not leave the event loop: the engine holds the interpreter, so that a thread would wait all
    the same, and a search takes less time than a thread does to start.

    Args:
        client: the sync client whose folder it shares; closing either closes it.

    Example:
        >>> import tempfile
        >>> from norm_aware.qdrant.embedded import AsyncEmbeddedClient, EmbeddedClient
        >>> client = AsyncEmbeddedClient(EmbeddedClient(tempfile.mkdtemp()))
    """

    def __init__(self, client: EmbeddedClient) -> None:
        super().__init__(location=":memory:")
        self.cloud_inference = True
        self._client = _AsyncEngine(client._engine)


class _AsyncEngine(AsyncQdrantBase):
    def __init__(self, engine: EmbeddedEngine) -> None:
        super().__init__()
        self._engine = engine


def _inline(method: str) -> Any:
    async def call(self: _AsyncEngine, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._engine, method)(*args, **kwargs)

    return call


for _name in vars(AsyncQdrantBase):
    if not _name.startswith("_"):
        setattr(_AsyncEngine, _name, _inline(_name))

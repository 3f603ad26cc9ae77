"""What the command line opens from its settings: the encoder and Qdrant. Heavy imports wait until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from norm_aware.errors import CollectionError, CollectionNotFoundError, NormAwareError

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

    from norm_aware.llamaindex.embedding import RawEmbedding
    from norm_aware.llamaindex.precision import Dtype
    from norm_aware.llamaindex.store import NormAwareVectorStore
    from norm_aware.settings import Settings


def open_settings(**given: Any) -> Settings:
    """The settings, with the options that were given on the command line above every other source.

    Raises:
        SettingsError: for an unknown name or a bad value.
    """
    from norm_aware.settings import Settings

    return Settings(**{name: value for name, value in given.items() if value is not None})


def open_encoder(settings: Settings, *, dtype: Dtype = "float32") -> RawEmbedding:
    """The encoder the settings name.

    Args:
        settings: name it.
        dtype: what documents are computed in, as in `RawEmbedding`.

    Raises:
        QueryError: when it cannot be loaded.
        MissingExtraError: when it is the packaged one, which is not installed.
    """
    from norm_aware.encoder import load_encoder

    return load_encoder(
        settings.encoder,
        query_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        batch_size=settings.batch_size,
        dtype=dtype,
        device=settings.device,
    )


@contextmanager
def open_client(settings: Settings) -> Iterator[QdrantClient]:
    """The Qdrant server the settings name, or embedded storage in a folder; closed at the end.

    Raises:
        CollectionError: when it cannot be opened or reached; the message never holds the API key.
    """
    client = _open_server(settings) if settings.qdrant_url else _open_folder(settings)
    try:
        yield client
    finally:
        client.close()


def _open_server(settings: Settings) -> QdrantClient:
    from norm_aware.qdrant.retry import RetryPolicy
    from norm_aware.qdrant.server import open_server

    return open_server(
        str(settings.qdrant_url),
        api_key=settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None,
        timeout=settings.qdrant_timeout,
        policy=RetryPolicy(attempts=1 + settings.qdrant_retries),
        ca_file=settings.qdrant_ca_file,
        cert_file=settings.qdrant_cert_file,
    )


def _open_folder(settings: Settings) -> QdrantClient:
    from norm_aware.qdrant.storage import open_storage

    try:
        client = open_storage(settings.qdrant_path)
        client.get_collections()
    except NormAwareError:
        raise
    except Exception as error:  # whatever the engine says, its user wants one line
        raise CollectionError(f"Qdrant cannot be opened at {settings.qdrant_path}: {error}") from None
    return client


def open_store(settings: Settings, client: QdrantClient, embedding: RawEmbedding) -> NormAwareVectorStore:
    """The store that documents are written to, as the settings say; raises as the store's class does."""
    from norm_aware.llamaindex.store import NormAwareVectorStore
    from norm_aware.qdrant.collection_options import CollectionOptions
    from norm_aware.qdrant.index_settings import IndexSettings

    return NormAwareVectorStore(
        settings.collection,
        client=client,
        embed_model=embedding,
        calibration=settings.calibration,
        allow_normalized=settings.allow_normalized,
        stored_power=settings.stored_power,
        collection_options=CollectionOptions(
            index=IndexSettings(settings.hnsw_m, settings.hnsw_ef_construct, settings.quantization),
            shard_number=settings.shard_number,
            replication_factor=settings.replication_factor,
            write_consistency_factor=settings.write_consistency_factor,
        ),
    )


class StoreOpener:
    """Opens the settings' store in whichever process calls it; it travels, and what it opens does not.

    Args:
        settings: of the encoder and a Qdrant server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: ExitStack | None = None  # keeps the client open as long as this lives

    def __call__(self) -> NormAwareVectorStore:
        """A store with an encoder and a client of its own."""
        embedding = open_encoder(self._settings, dtype=self._settings.dtype)
        self._opened = ExitStack()
        client = self._opened.enter_context(open_client(self._settings))
        return open_store(self._settings, client, embedding)


def require_collection(client: QdrantClient, collection: str) -> None:
    """Refuse to go on without the collection.

    Raises:
        CollectionNotFoundError: when it is missing; the message names those there are.
    """
    if not client.collection_exists(collection):
        others = ", ".join(repr(found.name) for found in client.get_collections().collections) or "none"
        raise CollectionNotFoundError(
            f"There is no collection {collection!r} (there are: {others}); `norm-aware index` makes one."
        )

"""One collection of the embedded engine: its shard, and the description the engine does not keep."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from qdrant_client import models

from norm_aware.errors import CollectionError, NormAwareError
from norm_aware.qdrant.embedded.configuration import to_config, to_info
from norm_aware.qdrant.embedded.edge import edge, reject
from norm_aware.qdrant.embedded.ids import to_id
from norm_aware.qdrant.embedded.points import to_point
from norm_aware.qdrant.embedded.sizes import record_sizes, take_sizes
from norm_aware.qdrant.embedded.vectors import require_storable, to_vector
from norm_aware.qdrant.field import dense_vectors
from norm_aware.whole_file import write_whole

T = TypeVar("T")

DESCRIPTION = "collection.json"
"""Written last when a collection is created: a folder without it was never finished."""

_SHARD = "shard"
_INDEX_AFTER = 50_000  # points that brute force passes over in a few milliseconds
_ROOM = 64 * 2**20  # bytes that must stay free: the log and a segment grow in steps of megabytes


class EmbeddedCollection:
    """An open collection.

    Args:
        name: for errors.
        folder: of this collection alone.
        description: what to create; None opens what is there.

    Raises:
        CollectionError: when the folder cannot be written or read, or holds something else.
        UnsupportedError: for what the engine does not have.
    """

    def __init__(
        self, name: str, folder: Path, *, description: models.CreateCollection | None = None
    ) -> None:
        self._name = name
        self._folder = folder
        if description is None:
            self.description = _read(folder / DESCRIPTION, collection=name)
            take_sizes(folder, collection=name)
            self._shard = self._do(lambda: edge.EdgeShard.load(str(folder / _SHARD)))
        else:
            self.description = description
            config = to_config(description)
            try:
                (folder / _SHARD).mkdir(parents=True)
                self._shard = self._do(lambda: edge.EdgeShard.create(str(folder / _SHARD), config))
                self._describe()
            except OSError as error:
                raise CollectionError(
                    f"Collection {name!r} cannot be created in {folder}: {error.strerror}."
                ) from error
        info = self._shard.info()
        self._unindexed = info.points_count - info.indexed_vectors_count

    def close(self) -> None:
        """Write everything to the disk and release the files."""
        self._do(self._shard.flush)
        self._do(self._shard.close)
        record_sizes(self._folder)

    def info(self) -> models.CollectionInfo:
        """Configuration and counts."""
        return to_info(self.description, self._do(self._shard.info))

    def configure(self, changes: dict[str, Any]) -> None:
        """Change part of the description; what concerns the index takes effect at the next `optimize`."""
        description = self.description.model_copy(update=changes)
        if changes.keys() - {"metadata"}:
            config = to_config(description)
            self._do(self._shard.close)
            self._shard = self._do(lambda: edge.EdgeShard.load(str(self._folder / _SHARD), config))
        self.description = description
        self._describe()

    def upsert(
        self, points: Sequence[models.PointStruct], *, condition: Any = None, mode: Any = None
    ) -> None:
        """Store points, all or none.

        Raises:
            EmbeddingError: for a vector that does not fit, before anything is stored.
            CollectionError: when the disk is nearly full.
        """
        if not points:
            return
        self._require_storable([p.id for p in points], [p.vector for p in points])
        sent = [to_point(point) for point in points]
        self.update(edge.UpdateOperation.upsert_points(sent, condition, mode))
        self._unindexed += len(points)

    def index_if_due(self) -> None:
        """Build the index when it has to double: all builds together then cost twice the last."""
        if self._unindexed > max(_INDEX_AFTER, self._shard.info().indexed_vectors_count):
            self.optimize()

    def update_vectors(self, points: Sequence[models.PointVectors], *, condition: Any = None) -> None:
        """Replace vectors of points, all or none; raises as `upsert`."""
        self._require_storable([p.id for p in points], [p.vector for p in points])
        sent = [edge.PointVectors(to_id(p.id), to_vector(p.vector)) for p in points]
        self.update(edge.UpdateOperation.update_vectors(sent, condition))

    def update(self, operation: edge.UpdateOperation) -> None:
        """Apply any change; it is in the log of changes, and survives a kill, once this returns."""
        self._require_room()
        self._do(lambda: self._shard.update(operation))

    def read(self, ask: Callable[[edge.EdgeShard], T]) -> T:
        """Ask the engine something."""
        return self._do(lambda: ask(self._shard))

    def optimize(self) -> None:
        """Build the index of everything stored; nothing else happens in the process meanwhile."""
        self._require_room()
        self._do(self._shard.optimize)
        info = self._shard.info()
        self._unindexed = info.points_count - info.indexed_vectors_count

    def flush(self) -> None:
        """Write everything to the disk itself, so that it survives a power cut too."""
        self._do(self._shard.flush)

    def _require_storable(self, ids: Sequence[Any], vectors: Sequence[Any]) -> None:
        dimensions = {name: params.size for name, params in dense_vectors(self.description.vectors).items()}
        require_storable(ids, vectors, dimensions=dimensions, collection=self._name)

    def _require_room(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < _ROOM:
            raise CollectionError(
                f"Collection {self._name!r} cannot be written: {free / 2**20:.0f} MiB are free on the disk "
                f"of {self._folder}, {_ROOM >> 20} are needed. Make room; everything acknowledged is stored."
            )

    def _describe(self) -> None:
        """Write the description whole or not at all."""
        write_whole(self._folder / DESCRIPTION, self.description.model_dump_json(exclude_none=True))

    def _do(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except NormAwareError:
            raise
        except BaseException as error:
            # the engine has no narrower class, and its panics are not even Exceptions
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise reject(error, collection=self._name) from error


def _read(path: Path, *, collection: str) -> models.CreateCollection:
    try:
        return models.CreateCollection.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not the JSON it was"
        raise CollectionError(
            f"Collection {collection!r} cannot be opened: {path} cannot be read ({reason}). Restore that "
            "file from a backup, or remove the collection's folder and index again."
        ) from error

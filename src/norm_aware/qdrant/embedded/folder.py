"""A folder of collections that one process has open."""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from qdrant_client import models

from norm_aware.errors import CollectionError, CollectionNotFoundError
from norm_aware.qdrant.embedded.collection import DESCRIPTION, EmbeddedCollection
from norm_aware.whole_file import write_whole

_LOCK = ".lock"
_ALIASES = "aliases.json"
_DELETED = ".deleted-"


class Folder:
    """Collections under one folder, opened when they are first asked for.

    Args:
        path: made where it does not exist.

    Raises:
        CollectionError: when another process has it open, it cannot be written, or local mode wrote it.
    """

    def __init__(self, path: Path) -> None:
        import portalocker  # looks for a writable folder when imported

        self.path = path
        self.deferring = False  # whether indexes are built only when told
        self._open: dict[str, EmbeddedCollection] = {}
        self._changing = threading.RLock()  # held while collections come and go
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / _LOCK).open("w")
        except OSError as error:
            raise CollectionError(
                f"{path} cannot be written ({error.strerror}); choose another folder."
            ) from error
        try:
            portalocker.lock(self._lock, portalocker.LOCK_EX | portalocker.LOCK_NB)
        except portalocker.LockException as error:
            self._lock.close()
            raise CollectionError(
                f"{path} is in use by another process, and the embedded engine serves one at a time: close "
                "it there, choose another folder, or run a Qdrant server."
            ) from error
        if (path / "meta.json").is_file():
            self.close()
            raise CollectionError(
                f"{path} was written by qdrant-client's local mode, which the embedded engine cannot read; "
                "choose another folder and index again, or open it with QdrantClient(path=…)."
            )
        for remains in path.glob(f"{_DELETED}*"):
            shutil.rmtree(remains, ignore_errors=True)
        self.aliases: dict[str, str] = self._read_aliases()

    def close(self) -> None:
        """Release every file; closing again does nothing."""
        while self._open:
            self._open.popitem()[1].close()
        self._lock.close()

    def names(self) -> list[str]:
        """The collections there are."""
        return sorted(unquote(found.parent.name) for found in self.path.glob(f"*/{DESCRIPTION}"))

    def exists(self, name: str) -> bool:
        """Whether there is a collection, or an alias, of this name."""
        name = self.aliases.get(name, name)
        return name in self._open or (self._folder(name) / DESCRIPTION).is_file()

    def get(self, name: str) -> EmbeddedCollection:
        """An open collection, by name or alias.

        Raises:
            CollectionNotFoundError: when there is none.
            CollectionError: when the client is closed, or its files cannot be read.
        """
        name = self.aliases.get(name, name)
        return self._open.get(name) or self._opened(name)

    def _opened(self, name: str) -> EmbeddedCollection:
        with self._changing:
            if name in self._open:
                return self._open[name]
            if self._lock.closed:
                raise CollectionError("The embedded client is closed; open a new one on the same folder.")
            if not self.exists(name):
                others = ", ".join(repr(other) for other in self.names()) or "none"
                raise CollectionNotFoundError(
                    f"There is no collection {name!r} in {self.path} (there are: {others})."
                )
            self._open[name] = EmbeddedCollection(name, self._folder(name))
            return self._open[name]

    def create(self, name: str, description: models.CreateCollection) -> None:
        """A new collection; raises CollectionError when there is one of this name."""
        with self._changing:
            if self.exists(name):
                raise CollectionError(
                    f"Collection {name!r} already exists in {self.path}; choose another name, or delete it "
                    "first."
                )
            self._discard(name)  # what a killed creation left
            try:
                self._open[name] = EmbeddedCollection(name, self._folder(name), description=description)
            except Exception:
                self._discard(name)
                raise

    def delete(self, name: str) -> bool:
        """Remove a collection and the aliases of it; whether there was one."""
        with self._changing:
            name = self.aliases.get(name, name)
            if not self.exists(name):
                return False
            collection = self._open.pop(name, None)
            if collection is not None:
                collection.close()
            self._discard(name)
            self.set_aliases({alias: to for alias, to in self.aliases.items() if to != name})
            return True

    def set_aliases(self, aliases: dict[str, str]) -> None:
        """Replace all aliases at once."""
        if aliases != self.aliases:
            write_whole(self.path / _ALIASES, json.dumps(aliases))
            self.aliases = aliases

    def _folder(self, name: str) -> Path:
        # a dot of its own is quoted too, so that no name leads out of the folder
        return self.path / quote(name, safe="").replace(".", "%2E")

    def _discard(self, name: str) -> None:
        folder = self._folder(name)
        if folder.exists():  # renamed first: a kill in between leaves no half collection
            hidden = folder.rename(self.path / f"{_DELETED}{uuid.uuid4().hex}")
            shutil.rmtree(hidden, ignore_errors=True)

    def _read_aliases(self) -> dict[str, str]:
        path = self.path / _ALIASES
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
            return {str(alias): str(name) for alias, name in found.items()}
        except (OSError, ValueError, AttributeError) as error:
            self.close()
            raise CollectionError(
                f"{path} cannot be read ({error}); restore it, or remove it to go on without aliases."
            ) from error

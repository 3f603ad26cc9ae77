"""Which keys were seen before, for more of them than memory has room for."""

from __future__ import annotations

import hashlib
import sqlite3
from types import TracebackType

_CACHE_KIB = 65536


class Seen:
    """A set of keys that begins in memory and goes on in a temporary file, which vanishes with it."""

    def __init__(self) -> None:
        # an empty name is SQLite's for a private temporary database; one process at a time uses it
        self._keys = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID",
        ):
            self._keys.execute(statement)

    def add(self, key: str) -> bool:
        """Add a key; whether it is new."""
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        return self._keys.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1

    def close(self) -> None:
        """Forget everything."""
        self._keys.close()

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The sizes of a collection's files at rest, by which a truncated one is noticed before the engine reads it.

The engine reads some truncated files as if they held less, without a word. So a collection that is closed
leaves a list of its files' sizes, which the next opening checks and removes: a process that is killed leaves
none, and the engine's own log of changes puts that right.
"""

from __future__ import annotations

import json
from pathlib import Path

from norm_aware.errors import CollectionError

_LIST = "sizes.json"


def record_sizes(folder: Path) -> None:
    """Write the list of a closed collection's files; where that fails there is none, as after a kill."""
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.name != _LIST
    }
    try:
        (folder / _LIST).write_text(json.dumps(sizes), encoding="utf-8")
    except OSError:
        (folder / _LIST).unlink(missing_ok=True)


def take_sizes(folder: Path, *, collection: str) -> None:
    """Check the files of a collection that was closed, then remove the list, since they will change.

    Raises:
        CollectionError: naming the first file that is missing or has another size; the list stays.
    """
    if not (folder / _LIST).is_file():
        return
    try:
        sizes = dict(json.loads((folder / _LIST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CollectionError(
            f"Collection {collection!r} cannot be opened: {folder / _LIST} is damaged ({error}), so other "
            "files may be. Restore the folder from a backup, or remove it and index again."
        ) from error
    for name, size in sizes.items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            has = "is missing" if found is None else f"has {found} bytes"
            raise CollectionError(
                f"Collection {collection!r} cannot be opened: {path} {has}, it had {size} when closed. "
                "Restore the folder from a backup, or remove it and index again."
            )
    (folder / _LIST).unlink()

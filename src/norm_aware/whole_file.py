"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file whole or not at all, also through a kill or a power cut; text as UTF-8.

    Raises:
        OSError: when it cannot be written; what was there stays.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "note"
        >>> write_whole(path, "whole")
        >>> path.read_text(encoding="utf-8")
        'whole'
    """
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)

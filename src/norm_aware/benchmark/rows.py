"""Append-only JSON lines: what is written stays, and a run that was killed goes on behind its last line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from norm_aware.errors import BenchmarkError

Run: TypeAlias = Mapping[tuple[str, str], Mapping[str, Any]]
"""`{(system, query_id): row}` as `collect` returns it."""


class Rows:
    """A file of JSON objects, one a line.

    Args:
        path: the file; it need not exist yet. A torn last line, as a kill leaves it, is cut off.

    Raises:
        BenchmarkError: from `read`, when a line other than the last is not a JSON object.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_file():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                with path.open("r+b") as file:
                    file.truncate(whole)

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows written so far, in order."""
        if not self.path.is_file():
            return
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise BenchmarkError(
                        f"{self.path}, line {number} is not valid JSON; remove that line or the file."
                    ) from error
                if not isinstance(row, dict):
                    raise BenchmarkError(
                        f"{self.path}, line {number} is no JSON object; remove that line or the file."
                    )
                yield row

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row; it is in the operating system's hands when this returns.

        Raises:
            BenchmarkError: when it cannot be written.
        """
        line = json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with self.path.open("ab") as file:
                file.write(line.encode())
        except OSError as error:
            raise BenchmarkError(
                f"{self.path} cannot be written ({error.strerror}); free some space or choose another "
                "folder, and start again: what was done is kept."
            ) from error

"""The record of what was left out, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from norm_aware.errors import SettingsError
from norm_aware.ingestion.skipped import Skipped


class Manifest:
    """A file of skipped documents, written anew by each run.

    Args:
        path: where it is; None writes nothing.

    Raises:
        SettingsError: when it cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            self._file = None if path is None else path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise SettingsError(
                f"The manifest {str(path)!r} cannot be written ({error.strerror}); name another file."
            ) from error

    def write(self, skipped: Skipped) -> None:
        """Add a line."""
        if self._file is not None:
            self._file.write(json.dumps(asdict(skipped)) + "\n")

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

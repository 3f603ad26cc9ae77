"""What a run's folder was made with, so that rows of two different runs never stand in one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.systems.encoder import Identity
from norm_aware.errors import BenchmarkError
from norm_aware.whole_file import write_whole

_SOURCE = "encoder_source"


class Configuration:
    """A run's `configuration.json`.

    Args:
        path: the file; it need not exist yet.

    Raises:
        BenchmarkError: when it is not valid JSON.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._earlier: dict[str, Any] = {}
        if path.is_file():
            try:
                self._earlier = dict(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError) as error:
                raise BenchmarkError(
                    f"{path} is not valid JSON; remove the folder, or choose another."
                ) from error

    def encoder(self, source: str | None) -> Identity | None:
        """Name and fingerprint of the encoder that this run was made with, where it came from this source."""
        name, fingerprint = self._earlier.get("encoder"), self._earlier.get("encoder_fingerprint")
        if source is None or self._earlier.get(_SOURCE) != source or not (name and fingerprint):
            return None
        return str(name), str(fingerprint)

    def hold(self, held: Mapping[str, Any], *, encoder_source: str | None) -> None:
        """Write what every row of the run depends on.

        Args:
            held: by name.
            encoder_source: where its encoder came from; another one may hold the same encoder.

        Raises:
            BenchmarkError: when the folder was made with something else; the message names what differs.
        """
        changed = [
            f"{key} was {self._earlier[key]!r} and is {value!r}"
            for key, value in held.items()
            if key in self._earlier and self._earlier[key] != value
        ]
        if changed:
            raise BenchmarkError(
                f"{self.path.parent} holds a run of another configuration ({'; '.join(changed)}), and rows "
                "of both cannot be compared; choose another --out, or remove that folder."
            )
        self._earlier |= {**held, _SOURCE: encoder_source}
        write_whole(self.path, json.dumps(self._earlier, indent=1))

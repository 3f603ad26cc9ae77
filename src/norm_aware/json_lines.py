"""Records of a JSONL file, one at a time, each with where it stands; what is no record is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from norm_aware.errors import DatasetError

Record = tuple[str, dict[str, Any]]
"""Where a record stands, as errors name it, and its fields."""


def json_lines(path: Path, *, hint: str) -> Iterator[Record]:
    """The JSON objects of a file that has one a line, gzipped or not.

    Args:
        path: the file.
        hint: what the layout asks for, told where the file is missing.

    Raises:
        DatasetError: when it is missing, empty or broken; the message names the file and the line.
    """
    if not path.is_file():
        raise DatasetError(f"{path} is missing; {hint}.")
    empty = True
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise DatasetError(f"{where}: not valid JSON ({error.msg}).") from error
                if not isinstance(record, dict):
                    raise DatasetError(
                        f"{where}: a JSON object is needed, this is a {type(record).__name__}."
                    )
                empty = False
                yield where, record
        except UnicodeDecodeError as error:
            raise DatasetError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from error
    if empty:
        raise DatasetError(f"{path} is empty; at least one line is needed.")

"""Records of a file, one at a time, each with where it stands; and what is read from one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from norm_aware.errors import DatasetError
from norm_aware.json_lines import Record

_CELL = 2**30  # characters of a CSV cell; Python's own limit would refuse long passages


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; one that is none is refused by its name."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}).") from error


def csv_rows(path: Path) -> Iterator[Record]:
    """The rows of a CSV file by its header; cells that were not given are left out.

    Raises:
        DatasetError: when it is missing, empty or broken; the message names the file and the line.
    """
    if not path.is_file():
        raise DatasetError(f"{path} is missing; give a CSV file with a header line.")
    csv.field_size_limit(_CELL)
    lines = io.StringIO(read_text(path), newline="")
    reader = csv.DictReader(lines, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
    empty = True
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise DatasetError(
                    f"{where}: more cells than the header has; put those with commas in double quotes."
                )
            empty = False
            yield where, {name.strip(): cell for name, cell in row.items() if cell not in (None, "")}
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: not valid CSV ({error}).") from error
    if empty:
        raise DatasetError(f"{path} is empty; a header line and at least one row are needed.")


def new_id(where: str, key: object, seen: Mapping[str, object], *, field: str = "_id") -> str:
    """A record's id as a string, refused where there is none or it was used before."""
    if not isinstance(key, (str, int)) or isinstance(key, bool) or key == "":
        raise DatasetError(f"{where}: no {field!r}; every line needs one.")
    if str(key) in seen:
        raise DatasetError(f"{where}: {field!r} {str(key)!r} was used before; ids must differ.")
    return encodable(where, str(key))


def text_field(where: str, record: Mapping[str, Any], field: str, *, default: str | None = None) -> str:
    """The text in a field; refused where it is missing, unless there is a default."""
    value = record.get(field, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise DatasetError(f"{where}: {field!r} is missing or not a string.")
    return encodable(where, value)


def texts_field(where: str, record: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """The texts in a field that holds one or several, without blank ones; none where it is missing."""
    found = record.get(field)
    found = [] if found is None else [found] if isinstance(found, str) else found
    if not isinstance(found, list | tuple) or not all(isinstance(text, str) for text in found):
        raise DatasetError(f"{where}: {field!r} must be a string or a list of strings.")
    return tuple(encodable(where, text) for text in found if text.strip())


def encodable(where: str, text: str) -> str:
    """The text, unless half a surrogate pair is in it, which no tokenizer or file takes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DatasetError(f"{where}: a lone surrogate at character {error.start} is no text.") from error
    return text

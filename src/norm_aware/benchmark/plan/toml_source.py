"""Reads TOML with the line of every key: the standard library's parser says none."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from norm_aware.benchmark.plan.source import Location
from norm_aware.errors import PlanError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TABLES = re.compile(r"\s*\[\[\s*(?P<name>[^]]+?)\s*\]\]")
_TABLE = re.compile(r"\s*\[\s*(?P<name>[^]\[]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>("[^"]*"|'[^']*'|[\w.-])+)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([\w-]+)""")


def parse_toml(text: str, path: Path) -> tuple[dict[str, Any], dict[Location, int]]:
    """The content of a TOML document, and the line of each key that begins one, counted from 1.

    Keys inside an array or an inline table stand on the line where that begins.

    Raises:
        PlanError: when it is no TOML; the message names the line.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        at = f", line {found[1] if found else text.count(chr(10)) + 1}"
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise PlanError(f"{path}{at}: no valid TOML ({reason}).") from error
    return values, _lines(text)


def _lines(text: str) -> dict[Location, int]:
    lines: dict[Location, int] = {}
    table: Location = ()
    counts: dict[Location, int] = {}
    closing = ""  # the quotes that end a string of several lines
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if found := _TABLES.match(line):
            name = _inside(_parts(found["name"]), counts)
            counts[name] = counts.get(name, -1) + 1
            table = (*name, counts[name])
            lines.setdefault(name, number)
            lines[table] = number
        elif found := _TABLE.match(line):
            table = _inside(_parts(found["name"]), counts)
            _note(table, number, lines)
        elif found := _KEY.match(line):
            _note((*table, *_parts(found["name"])), number, lines)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                closing = quotes
    return lines


def _note(location: Location, number: int, lines: dict[Location, int]) -> None:
    for length in range(1, len(location) + 1):
        lines.setdefault(location[:length], number)


def _parts(name: str) -> Location:
    return tuple(next(part for part in found.groups() if part is not None) for found in _PART.finditer(name))


def _inside(name: Location, counts: dict[Location, int]) -> Location:
    """A table's location: inside an array of tables it is in the last of them."""
    location: Location = ()
    for position, part in enumerate(name):
        location = (*location, part)
        if location in counts and position < len(name) - 1:
            location = (*location, counts[location])
    return location

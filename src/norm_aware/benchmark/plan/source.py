"""A plan's file as values, each with the line it stands on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from norm_aware.errors import PlanError

Location = tuple[str | int, ...]
"""Keys and positions that lead to a value, the outermost first."""

_KEY_LIKE = re.compile(r"\b(sk-|gsk_|hf_|AIza|xai-|pplx-)[A-Za-z0-9_-]{12,}")


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says, and where.

    Attributes:
        values: its content.
        path: the file; None for values made in Python.
        lines: the line of each value, by its location; some may be unknown.
    """

    values: Mapping[str, Any]
    path: Path | None = None
    lines: Mapping[Location, int] = field(default_factory=dict)

    def where(self, location: Location) -> str:
        """File and line of a value, to begin a message with; nothing of values made in Python."""
        if self.path is None:
            return ""
        known = location
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known)
        return f"{self.path}, line {line}: " if line is not None else f"{self.path}: "


def dotted(location: Location) -> str:
    """A location as one word, such as `systems[1].k`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_source(path: Path) -> Source:
    """The content of a `.yaml`, `.yml` or `.toml` file.

    Raises:
        PlanError: when there is no such file, or it cannot be read as what its name says, a key stands
            twice, or it holds what looks like an API key; the message names the line.
    """
    if path.suffix.lower() not in (".yaml", ".yml", ".toml"):
        raise PlanError(f"{path} is no plan; its name must end in .yaml, .yml or .toml.")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PlanError(f"There is no file {str(path)!r}; give the path of a plan.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} cannot be read as UTF-8 text ({error}).") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if _KEY_LIKE.search(line):  # never repeated here: the message may be logged
            raise PlanError(
                f"{path}, line {number}: this looks like an API key, and files get shared; set it in an "
                "environment variable and give that variable's name as api_key_env."
            )
    if path.suffix.lower() == ".toml":
        from norm_aware.benchmark.plan.toml_source import parse_toml as parse
    else:
        from norm_aware.benchmark.plan.yaml_source import parse_yaml as parse
    values, lines = parse(text, path)
    if not isinstance(values, dict):
        raise PlanError(f"{path} is no plan; it must be keys and values, such as `dataset: pydocs`.")
    return Source(values, path, lines)

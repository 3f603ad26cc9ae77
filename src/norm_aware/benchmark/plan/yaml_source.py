"""Reads YAML with the line of every value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from norm_aware.benchmark.plan.source import Location
from norm_aware.errors import PlanError


def parse_yaml(text: str, path: Path) -> tuple[Any, dict[Location, int]]:
    """The value of a YAML document, and the line of each value in it, counted from 1.

    Raises:
        PlanError: when it is no YAML, or a key stands twice or is no text.
    """
    loader = yaml.SafeLoader(text)
    lines: dict[Location, int] = {}
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, lines
        _note(node, (), lines, path)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise PlanError(f"{path}{at}: no valid YAML ({error.problem}).") from error
    except yaml.YAMLError as error:
        raise PlanError(f"{path}: no valid YAML ({error}).") from error
    finally:
        loader.dispose()


def _note(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    """Write down the line of a node, unless its key's line is known, and those of all within."""
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _note(item, (*location, position), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise PlanError(f"{path}, line {line}: this key is no text; put it in quotes.")
            inner = (*location, str(key.value))
            if inner in lines:
                raise PlanError(
                    f"{path}, line {line}: {key.value!r} stands twice, first on line {lines[inner]}; "
                    "keep one of them."
                )
            lines[inner] = line
            _note(value, inner, lines, path)

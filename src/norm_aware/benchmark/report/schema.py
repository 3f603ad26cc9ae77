"""The shape of results.json: one JSON Schema, checked where results are written and where they are read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from norm_aware.errors import BenchmarkError, MissingExtraError

SCHEMA_VERSION = 2
"""The version of results.json that this norm-aware writes and reads."""

SCHEMA = Path(__file__).with_name("schema.json")
"""The JSON Schema, draft 2020-12, as it is shipped."""

_AGAIN = "run `norm-aware benchmark` again to write results that this version can read"
_SHOWN = 200  # characters of a validator's message, which may quote a whole value


def read_results(path: Path) -> dict[str, Any]:
    """Read a results.json and check it against its schema.

    Args:
        path: the file, or the folder of the run it lies in.

    Raises:
        BenchmarkError: when it cannot be read, is of another schema version, or breaks its schema; the
            message names the place inside the document.
        MissingExtraError: when jsonschema is not installed.
    """
    path = path / "results.json" if path.is_dir() else path
    rerun = "run `norm-aware benchmark` to make it, or name the results.json of a finished run"
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchmarkError(f"There is no {path}; {rerun}.") from None
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read ({error.strerror}); {rerun}.") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without an end
        raise BenchmarkError(f"{path} is not valid JSON ({error}); {rerun}.") from error
    try:
        require_valid(results)
    except BenchmarkError as error:
        raise BenchmarkError(f"{path}: {error}") from error
    return dict(results)


def require_valid(results: Any) -> None:
    """Check results against the schema, and that what they name by name is there.

    Args:
        results: the content of a results.json.

    Raises:
        BenchmarkError: for another schema version, or the first place that breaks the schema, such as
            `comparisons[3].low`.
        MissingExtraError: when jsonschema is not installed.

    Example:
        >>> try:
        ...     require_valid({"schema_version": 1})
        ... except BenchmarkError as error:
        ...     print(str(error)[:70])
        The results have schema_version 1; this norm-aware reads and writes 2.
    """
    if not isinstance(results, Mapping):
        raise BenchmarkError(f"The results are a {type(results).__name__}, not an object of keys; {_AGAIN}.")
    version = results.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise BenchmarkError(
            f"The results have schema_version {version!r}; this norm-aware reads and writes "
            f"{SCHEMA_VERSION}. Render them with the norm-aware that wrote them, or {_AGAIN}."
        )
    if missing := [key for key in _required() if key not in results]:
        raise BenchmarkError(f"The results lack {', '.join(missing)}; {_AGAIN}.")
    error = next(iter(_validator().iter_errors(results)), None)
    if error is not None:
        message = error.message if len(error.message) <= _SHOWN else "…" + error.message[-_SHOWN:]
        place = _path(error.absolute_path) or "the top"
        raise BenchmarkError(f"The results break their schema at {place}: {message}; {_AGAIN}.")
    if results["baseline"] not in results["systems"]:
        raise BenchmarkError(
            f"The baseline {results['baseline']!r} is not among the systems "
            f"({', '.join(results['systems'])}); {_AGAIN}."
        )
    for number, row in enumerate(results["comparisons"]):
        for key, known in (("candidate", "systems"), ("measure", "measures")):
            if row[key] not in results[known]:
                raise BenchmarkError(
                    f"The results break their schema at comparisons[{number}].{key}: {row[key]!r} is not "
                    f"among the {known}; {_AGAIN}."
                )


def _path(parts: Any) -> str:
    """Keys and positions as one would write them: `comparisons[3].low`, `systems["a b"]`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return document


def _required() -> list[str]:
    return list(_document()["required"])


@cache
def _validator() -> Any:
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "results.json is checked by jsonschema, which is not installed; "
            'pip install "norm-aware[benchmark]".'
        ) from error
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_finite, "object": _is_object, "array": _is_array}
    )
    return extend(Draft202012Validator, type_checker=types)(_inlined(_document()))


def _inlined(part: Any) -> Any:
    """The schema with each reference replaced by what it names, which halves the time a check takes."""
    if isinstance(part, list):
        return [_inlined(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {key: _inlined(value) for key, value in part.items() if key not in ("$ref", "$defs")}
    if "$ref" not in part:
        return inner
    named = _inlined(_document()["$defs"][part["$ref"].rpartition("/")[2]])
    return {"allOf": [named, inner]} if inner else named


def _is_finite(_: Any, value: object) -> bool:  # JSON has no NaN, Python's reader and writer do
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_object(_: Any, value: object) -> bool:
    return isinstance(value, dict)


def _is_array(_: Any, value: object) -> bool:  # a tuple is written as an array
    return isinstance(value, list | tuple)

"""A user's own retriever or reranker, named by where it is imported from."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from norm_aware.errors import BenchmarkError

_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def is_import_path(text: str) -> bool:
    """Whether a text has the form `package.module:factory`."""
    return _PATH.fullmatch(text) is not None


def load_import_path(path: str) -> Any:
    """What stands at `package.module:factory`; the working folder is searched last.

    Raises:
        BenchmarkError: when the module cannot be imported or has no such name.
    """
    module, _, name = path.partition(":")
    _search_working_folder()
    try:
        found = importlib.import_module(module)
    except Exception as error:  # whatever a user's module does when it is imported
        raise BenchmarkError(
            f"{path!r} cannot be imported ({type(error).__name__}: {error}); put the module's folder on "
            "PYTHONPATH, or correct the path."
        ) from error
    if not hasattr(found, name):
        raise BenchmarkError(f"Module {module!r} has no {name!r}; name a function that it has.")
    return getattr(found, name)


def source_digest(path: str) -> str:
    """Hash of the file that an import path leads to, or of a package's: when it changes, so may what it does.

    Raises:
        BenchmarkError: when there is no such module.
    """
    module = path.partition(":")[0]
    _search_working_folder()
    try:
        spec = importlib.util.find_spec(module)
    except Exception as error:  # a parent package is imported to find its child
        raise BenchmarkError(f"{path!r} cannot be found ({type(error).__name__}: {error}).") from error
    if spec is None:
        raise BenchmarkError(
            f"There is no module {module!r} to import {path!r} from; put its folder on PYTHONPATH, or "
            "correct the path."
        )
    hasher = hashlib.blake2b(digest_size=8)
    origin = Path(spec.origin) if spec.origin else None
    hasher.update(origin.read_bytes() if origin is not None and origin.is_file() else module.encode())
    for folder in (
        spec.submodule_search_locations or ()
    ):  # of a package, whose factory may lie in any of its files
        for file in sorted(Path(folder).rglob("*.py")):
            content = file.read_bytes()
            hasher.update(f"{file.relative_to(folder)} {len(content)} ".encode() + content)
    return hasher.hexdigest()


def _search_working_folder() -> None:
    """A console script does not look there of itself, and that is where its user's module lies."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)

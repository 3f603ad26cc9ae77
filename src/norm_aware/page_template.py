"""Templates of pages: every text in them is escaped, and a name they lack is an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.errors import MissingExtraError

if TYPE_CHECKING:
    import jinja2


def environment(folder: Path, missing: str) -> jinja2.Environment:
    """Where a page finds its templates.

    Args:
        folder: they lie in.
        missing: what to say where jinja2 is not installed.

    Raises:
        MissingExtraError: when jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError(missing) from error
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

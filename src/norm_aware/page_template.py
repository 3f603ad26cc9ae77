"""Pages: templates in which every text is escaped and a name they lack is an error, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.errors import MissingExtraError, SettingsError

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


def encodable(page: str) -> str:
    """A page without half a surrogate pair, which a name can hold and no file can."""
    return page.encode("utf-8", "replace").decode("utf-8")


def write_html(page: str, path: str | Path) -> Path:
    """Write a page into a file, and return its path.

    Raises:
        SettingsError: when the file cannot be written.
    """
    target = Path(path)
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target

"""Renders a diagnosis as one page: a single HTML file without scripts that asks the network for nothing."""

from __future__ import annotations

import re
from pathlib import Path

from norm_aware.diagnosis.chart import HEIGHT, make_charts
from norm_aware.diagnosis.diagnosis import Diagnosis
from norm_aware.errors import SettingsError
from norm_aware.page_template import environment


def render_page(diagnosis: Diagnosis) -> str:
    """The diagnosis as HTML: a pure function of it, the same bytes for the same diagnosis.

    Args:
        diagnosis: what `diagnose` found.

    Returns:
        One self-contained HTML document, whose content security policy forbids scripts and requests.

    Raises:
        MissingExtraError: when jinja2 is not installed.
    """
    templates = environment(
        Path(__file__).parent,
        'The page needs jinja2, which is not installed; pip install "norm-aware[plots]".',
    )
    templates.filters |= {"typeset": _typeset, "number": _number}
    page = templates.get_template("page.html.jinja").render(
        diagnosis=diagnosis, charts=make_charts(diagnosis.plots), height=HEIGHT
    )
    # a name can hold half a surrogate pair, which no file encoding can
    return page.encode("utf-8", "replace").decode("utf-8")


def write_page(diagnosis: Diagnosis, path: str | Path) -> Path:
    """Write the diagnosis as an HTML file.

    Args:
        diagnosis: what `diagnose` found.
        path: of the file.

    Returns:
        The path.

    Raises:
        MissingExtraError: when jinja2 is not installed.
        SettingsError: when the file cannot be written.
    """
    page, target = render_page(diagnosis), Path(path)
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target


def _typeset(sentence: str) -> str:
    """A sentence whose hyphens before numbers are minus signs."""
    return re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", sentence)


def _number(value: float) -> str:
    return _typeset(f"{value:#.3g}".rstrip("."))

"""Renders a diagnosis as one page: a single HTML file without scripts that asks the network for nothing."""

from __future__ import annotations

import re
from pathlib import Path

from norm_aware.diagnosis.chart import HEIGHT, make_charts
from norm_aware.diagnosis.diagnosis import Diagnosis
from norm_aware.page_template import encodable, environment, write_html


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
    return encodable(page)


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
    return write_html(render_page(diagnosis), path)


def _typeset(sentence: str) -> str:
    """A sentence whose hyphens before numbers are minus signs."""
    return re.sub(r"(?<![\w.])-(?=\d)", "\N{MINUS SIGN}", sentence)


def _number(value: float) -> str:
    return _typeset(f"{value:#.3g}".rstrip("."))

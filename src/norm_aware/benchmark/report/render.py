"""Renders results.json as one page: a single HTML file that asks the network for nothing.

Every statistic on the page stands in results.json; rendering only chooses, orders and words it. The page's
own script sorts, filters and opens questions; without it verdict, charts and tables are there all the same.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from norm_aware.benchmark.report.absence import why_absent
from norm_aware.benchmark.report.payload import embedded_questions
from norm_aware.benchmark.report.schema import require_valid
from norm_aware.benchmark.report.view import PRIMARY_MEASURE, view
from norm_aware.benchmark.report.wording import equivalence_p, interval_method
from norm_aware.errors import BenchmarkError
from norm_aware.numerals import is_known, number, p_value, setting, signed
from norm_aware.page_template import environment

_HERE = Path(__file__).parent
_STYLES = ("page", "tables", "charts", "questions", "print")
_SCRIPTS = ("theme", "element", "tables", "candidates", "data", "list", "question", "start")


def write_text(target: Path, text: str) -> Path:
    """Write a page or an export, its lines ended by a newline alone.

    Raises:
        BenchmarkError: when it cannot be written.
    """
    try:
        target.write_text(text, encoding="utf-8", newline="\n", errors="replace")
    except OSError as error:
        raise BenchmarkError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder that exists."
        ) from error
    return target


def render(results: Mapping[str, Any]) -> str:
    """The report as HTML: a pure function of the results, the same bytes for the same content.

    Texts are untrusted: escaped in the page, and set as text by its script. The content security policy
    allows the page's own style and script by their hashes, and no request of any kind.

    Args:
        results: the content of results.json.

    Returns:
        One self-contained HTML document.

    Raises:
        BenchmarkError: when the results break their schema.
        MissingExtraError: when jinja2 or jsonschema is not installed.
    """
    require_valid(results)
    return page(results)


def page(results: Mapping[str, Any]) -> str:
    """As `render`, of results that were checked already.

    Raises:
        BenchmarkError: when a part that the schema leaves open is not as the report needs it.
        MissingExtraError: when jinja2 is not installed.
    """
    templates = environment(
        _HERE, 'The report needs jinja2, which is not installed; pip install "norm-aware[benchmark]".'
    )
    from jinja2 import UndefinedError  # there where templates are
    from markupsafe import Markup

    of_values, of_rows = (number, signed, p_value, setting), (equivalence_p, interval_method, why_absent)
    templates.filters |= {filter_.__name__: filter_ for filter_ in (*of_values, *of_rows)}
    templates.tests["known"] = is_known
    shown = view(results)
    style, script = _joined("style", _STYLES, "css"), _joined("script", _SCRIPTS, "js")
    primary = PRIMARY_MEASURE if PRIMARY_MEASURE in results["measures"] else None
    names = {
        **shown,
        "style": Markup(style),  # noqa: S704 our own files
        "script": Markup(script),  # noqa: S704
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
        "embedded": Markup(  # noqa: S704 no <, > or & is in it
            embedded_questions(results, candidates=shown["candidates"], primary=primary)
        ),
    }
    try:
        text = templates.get_template("report.html.jinja").render(names)
    except (KeyError, TypeError, UndefinedError) as error:  # in a part that the schema leaves open
        raise BenchmarkError(
            f"The results lack a part that the report shows ({error}); run the benchmark again on its folder."
        ) from error
    # JSON can hold half a surrogate pair, which no file encoding can
    return text.encode("utf-8", "replace").decode("utf-8")


def _joined(folder: str, names: tuple[str, ...], ending: str) -> str:
    return "".join((_HERE / folder / f"{name}.{ending}").read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

"""A report in a real browser."""

from __future__ import annotations

import pytest

from norm_aware.benchmark.report.render import render
from tests.benchmark.report.browser import CHROMIUM, Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium was found; the variable CHROMIUM may name one")
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def path(made, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render(made), encoding="utf-8")
    return file


@pytest.fixture
def page(browser, path):
    """The report, just opened; afterwards nothing may have gone wrong or left the file."""
    browser.show(path)
    yield browser
    assert browser.problems == []
    assert [request for request in browser.requests if not request.startswith(path.as_uri())] == []

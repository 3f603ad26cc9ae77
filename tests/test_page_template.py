from __future__ import annotations

import sys

import jinja2
import pytest

from norm_aware.errors import MissingExtraError
from norm_aware.page_template import environment


def test_texts_are_escaped_and_a_name_that_a_template_lacks_is_an_error(tmp_path):
    (tmp_path / "page.jinja").write_text("{% if true %}\n<p>{{ text }}</p>\n{% endif %}\n")
    template = environment(tmp_path, "").get_template("page.jinja")
    assert template.render(text="<script>") == "<p>&lt;script&gt;</p>\n"
    with pytest.raises(jinja2.UndefinedError, match="text"):
        template.render()


def test_without_jinja2_the_error_says_what_it_was_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match="install it"):
        environment(tmp_path, "install it")

import dataclasses
import re
import sys

import numpy as np
import pytest
from tests.outline import Outline, assert_still

from norm_aware.diagnosis.diagnosis import diagnose
from norm_aware.diagnosis.page import render_page, write_page
from norm_aware.errors import MissingExtraError, SettingsError


@pytest.fixture(scope="module", params=["full", "bare"])
def diagnosis(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def page(diagnosis):
    return render_page(diagnosis)


def test_the_same_diagnosis_gives_the_same_bytes(diagnosis, page):
    assert render_page(diagnosis) == page


def test_the_page_is_well_formed_leads_nowhere_else_and_runs_no_script(page):
    assert_still(page)


def test_every_finding_is_on_the_page_with_its_source_and_advice(diagnosis, page):
    text = Outline(page).text
    for finding in diagnosis.findings:
        for words in (finding.title, finding.sentence, finding.source, finding.advice):
            assert words in text
    assert ("Not measured" in text) == bool(diagnosis.missing)


def test_markup_in_the_name_of_the_encoder_stays_text(full, page):
    hostile = '</style></title><script>alert("x")</script><img src=x onerror=alert(1)>\'"&{{ 7 * 7 }}\ud800'
    outline = Outline(render_page(dataclasses.replace(full, encoder=hostile)))
    assert outline.errors == []
    assert len(outline.elements) == len(Outline(render_page(full)).elements)
    assert 'alert("x")' in outline.text
    assert "{{ 7 * 7 }}" in outline.text


@pytest.mark.parametrize(
    "documents",
    [
        [[1.0, 0.0], [0.0, 1.0]],
        np.eye(3) * 2,
        np.arange(1.0, 6.0)[:, None] * np.ones(4),
        [[-1.0], [2.0], [3.0]],
    ],
    ids=["two units", "one norm", "one direction", "one dimension"],
)
def test_documents_with_little_to_say_still_make_a_page(documents):
    outline = Outline(render_page(diagnose(documents, lengths=[0] * len(documents))))
    assert outline.errors == []
    assert not re.search(r"\b(nan|inf)\b", outline.text)


def test_the_page_is_written_where_it_was_asked_for(full, tmp_path):
    path = write_page(full, tmp_path / "page.html")
    assert path.read_text(encoding="utf-8") == render_page(full)


def test_a_page_that_cannot_be_written_is_an_error_in_words(full, tmp_path):
    with pytest.raises(SettingsError, match="cannot be written .* name a file in a folder that exists"):
        write_page(full, tmp_path / "absent" / "page.html")


def test_without_jinja2_the_error_names_the_extra(full, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[plots\]"):
        render_page(full)

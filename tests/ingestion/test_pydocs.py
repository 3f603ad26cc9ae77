"""The corpus as this interpreter gives it."""

import subprocess
import sys

import pytest

from norm_aware.errors import DatasetError
from norm_aware.ingestion import pydocs
from norm_aware.ingestion.pydocs import read_documents


@pytest.fixture(scope="module")
def documents():
    return read_documents()


def test_the_documents_are_the_same_at_each_call(documents):
    assert read_documents() == documents


def test_the_documents_do_not_depend_on_the_environment(documents, monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise RuntimeError('shadowed')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in {"PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert read_documents() == documents


def test_the_documents_do_not_depend_on_what_this_process_patched(documents, monkeypatch):
    monkeypatch.setattr("json.dumps.__doc__", "patched")
    assert read_documents() == documents


def test_reading_prints_nothing_and_imports_nothing_here(capfd):
    script = (
        "import sys; from norm_aware.ingestion import pydocs; before = set(sys.modules);"
        "pydocs.read_documents();"
        "assert not {'asyncio', 'sqlite3', 'unittest'} & (set(sys.modules) - before)"
    )
    child = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, check=False)
    assert (child.returncode, child.stdout, child.stderr) == (0, b"", b"")
    read_documents()
    assert capfd.readouterr() == ("", "")


def test_an_interpreter_that_cannot_be_started_is_an_error_that_names_it(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DatasetError, match="/nowhere/python"):
        read_documents()


def test_a_reader_that_fails_is_an_error_with_its_last_line(monkeypatch, tmp_path):
    reader = tmp_path / "pydocs_corpus.py"
    reader.write_text("raise SystemExit('no documentation here')", encoding="utf-8")
    monkeypatch.setattr(pydocs, "__file__", str(tmp_path / "pydocs.py"))
    with pytest.raises(DatasetError, match="no documentation here"):
        read_documents()

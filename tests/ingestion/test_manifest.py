from __future__ import annotations

import json

import pytest

from norm_aware.errors import SettingsError
from norm_aware.ingestion.manifest import Manifest
from norm_aware.ingestion.skipped import EMPTY, Skipped


def test_each_run_writes_the_manifest_anew(tmp_path):
    path = tmp_path / "m.jsonl"
    for name in ("a", "b"):
        with Manifest(path) as manifest:
            manifest.write(Skipped(name, EMPTY, "no text", id=name))
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"where": "b", "reason": "empty", "detail": "no text", "id": "b"}
    ]


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Manifest(None) as manifest:
        manifest.write(Skipped("a", EMPTY, "no text"))
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"no/m\.jsonl' cannot be written"):
        Manifest(tmp_path / "no" / "m.jsonl")

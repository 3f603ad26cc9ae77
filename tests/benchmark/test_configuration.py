"""A run's folder remembers what it was made with."""

from __future__ import annotations

import json

import pytest

from norm_aware.benchmark.configuration import Configuration
from norm_aware.errors import BenchmarkError

HELD = {"dataset_digest": "d", "encoder": "e", "encoder_fingerprint": "f", "seed": 0}


def test_what_a_run_was_made_with_must_stay_and_what_is_new_may_join(tmp_path):
    path = tmp_path / "configuration.json"
    Configuration(path).hold(HELD, encoder_source="s")
    Configuration(path).hold({**HELD, "further": 1}, encoder_source="s")
    assert json.loads(path.read_text())["further"] == 1
    with pytest.raises(BenchmarkError, match=r"seed was 0 and is 1; .*|seed was 0 and is 1\)"):
        Configuration(path).hold({**HELD, "seed": 1}, encoder_source="s")
    assert json.loads(path.read_text())["seed"] == 0


def test_an_encoder_is_known_by_where_it_came_from(tmp_path):
    path = tmp_path / "configuration.json"
    assert Configuration(path).encoder("s") is None
    Configuration(path).hold(HELD, encoder_source="s")
    assert Configuration(path).encoder("s") == ("e", "f")
    assert Configuration(path).encoder("another") is None
    assert Configuration(path).encoder(None) is None
    Configuration(path).hold(HELD, encoder_source="another")  # the same encoder from elsewhere
    assert Configuration(path).encoder("another") == ("e", "f")


@pytest.mark.parametrize("content", ["{", "3"])
def test_a_configuration_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "configuration.json").write_text(content)
    with pytest.raises(BenchmarkError, match="is not valid JSON"):
        Configuration(tmp_path / "configuration.json")

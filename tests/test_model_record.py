from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from norm_aware.errors import TrainingError
from norm_aware.model_record import (
    FILE,
    read_anti_hubness,
    read_similarity,
    recorded_anti_hubness,
    recorded_similarity,
    write_record,
)
from norm_aware.numeric.similarity import DOT, PowerSimilarity
from tests.hub import VERSION, Hub, cached


def test_the_similarity_written_is_the_one_read(tmp_path):
    similarity = PowerSimilarity(document_power=0.25)
    write_record(tmp_path, similarity, {"base": "x"})
    assert read_similarity(tmp_path) == recorded_similarity(str(tmp_path)) == similarity


def test_the_exponent_written_is_the_one_read(tmp_path):
    write_record(tmp_path, DOT, {}, anti_hubness=0.25)
    assert read_anti_hubness(tmp_path) == recorded_anti_hubness(str(tmp_path)) == 0.25


def test_a_folder_that_gives_no_exponent_or_is_none_names_none(tmp_path):
    assert read_anti_hubness(tmp_path) is recorded_anti_hubness("no/where") is None
    write_record(tmp_path, DOT, {})
    assert read_anti_hubness(tmp_path) is None


@pytest.mark.parametrize("gamma", ['"much"', "0.5", "-0.1", "NaN"])
def test_an_exponent_that_search_cannot_give_is_refused_by_name(tmp_path, gamma):
    (tmp_path / FILE).write_text(f'{{"similarity": "dot", "anti_hubness": {gamma}}}')
    with pytest.raises(TrainingError, match=FILE):
        read_anti_hubness(tmp_path)


def test_a_folder_that_says_nothing_names_none(tmp_path):
    assert read_similarity(tmp_path) is recorded_similarity(str(tmp_path)) is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"similarity": "nearness"}', '{"similarity": 3}'])
def test_a_broken_file_is_refused_by_name(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(TrainingError, match=FILE):
        read_similarity(tmp_path)


def test_a_model_of_the_hub_is_read_from_the_cache_without_asking_the_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    write_record(cached(tmp_path, "me/trained"), DOT, {})
    cached(tmp_path, "me/plain")
    assert recorded_similarity("me/trained") == DOT
    assert recorded_similarity("me/plain") is None  # offline, so that nobody can say


@pytest.mark.parametrize("name", ["", "nowhere", "no/where", "me/a b", "a/b/c", "https://example.org/x"])
def test_a_name_that_is_no_model_in_reach_has_no_record_and_raises_nothing(name):
    assert recorded_similarity(name) is None


SCRIPT = """
import sys
from norm_aware.model_record import recorded_similarity
for name in sys.argv[1:]:
    print(recorded_similarity(name))
"""


def asked(names: list[str], home, endpoint: str) -> list[str]:
    """What a process that may use a hub finds."""
    settings = {"SENTENCE_TRANSFORMERS_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *names],
        env={**os.environ, **settings, "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.split()


def test_the_hub_is_asked_for_the_record_of_the_cached_version_once(tmp_path):
    for name in ("me/trained", "me/plain"):
        cached(tmp_path, name)
    with Hub({f"/me/trained/resolve/{VERSION}/{FILE}": json.dumps({"similarity": "dot"})}) as hub:
        assert asked(["me/trained", "me/plain"], tmp_path, hub.url) == ["dot", "None"]
        assert len({path for path in hub.paths if path.endswith(FILE)}) == 2
        hub.paths.clear()
        assert asked(["me/trained", "me/plain"], tmp_path, hub.url) == ["dot", "None"]
        assert hub.paths == []


def test_a_hub_out_of_reach_is_no_error(tmp_path):
    cached(tmp_path, "me/trained")
    with Hub({}) as hub:
        url = hub.url
    assert asked(["me/trained"], tmp_path, url) == ["None"]


class Silent:
    """Takes connections and never answers; `asked` counts them."""

    def __init__(self) -> None:
        self.asked = 0
        self._held: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Silent:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self._held.append(connection)
            if connection.recv(1) == b"":  # ours, to end
                return
            self.asked += 1

    def __exit__(self, *_: object) -> None:
        with socket.create_connection(self._socket.getsockname()):
            pass
        self._thread.join()
        for connection in [*self._held, self._socket]:
            connection.close()


def test_a_hub_that_never_answers_is_asked_once_and_is_no_error(tmp_path):
    cached(tmp_path, "me/trained")
    with Silent() as hub:
        assert asked(["me/trained"], tmp_path, hub.url) == ["None"]
    assert hub.asked == 1


@pytest.mark.parametrize("read", [read_similarity, read_anti_hubness])
@pytest.mark.parametrize("content", ['{"schema": 2, "similarity": "dot"}', '{"schema": "1"}', "[]", "{"])
def test_a_record_of_a_newer_version_or_of_another_kind_is_refused_by_both_readers(tmp_path, read, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(TrainingError, match="newer norm-aware" if "2" in content else FILE):
        read(tmp_path)

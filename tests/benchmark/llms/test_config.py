"""How a model is configured: every bad value is named, and no key is shown."""

import json
import sys

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.config import OPENAI, LLMConfig
from norm_aware.benchmark.llms.llama_server import LlamaServer
from norm_aware.benchmark.llms.usage import Price
from norm_aware.errors import LLMError, MissingExtraError

KEY = "sk-very-secret-0123456789"


def test_openai_itself_needs_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LLMError, match="needs an API key"):
        LLMConfig("gpt-4o-mini").require_usable()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = LLMConfig("gpt-4o-mini").client_options()
    assert (options["base_url"], options["api_key"]) == (OPENAI, KEY)


def test_a_model_served_here_needs_no_key_and_gets_none(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = LlamaServer(tmp_path / "model.gguf")
    monkeypatch.setattr(server, "start", lambda: "http://127.0.0.1:1/v1")
    config = LLMConfig("model.gguf", weights="10-ab", server=server)
    config.require_usable()
    options = config.client_options()
    assert (options["base_url"], options["api_key"]) == ("http://127.0.0.1:1/v1", "none")
    assert (str(config), config.is_local, config.is_openai) == ("model.gguf in this process", True, False)


def test_a_missing_openai_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[benchmark\]"):
        LLMConfig("m", "http://127.0.0.1:1/v1").require_usable()


def test_the_fingerprint_changes_with_what_changes_an_answer_and_with_nothing_else():
    def fingerprint(**changes):
        values = {"model": "m", "base_url": "http://127.0.0.1:1/v1", **changes}
        return LLMConfig(**values).fingerprint()

    same = fingerprint()
    same_answers = [
        {"timeout": 1},
        {"max_retries": 0},
        {"api_key": SecretStr(KEY)},
        {"concurrency": 9},
        {"requests_per_minute": 3},
        {"price": Price(1, 2)},
    ]
    for change in same_answers:
        assert fingerprint(**change) == same
    changes = [
        {"model": "n"},
        {"base_url": "http://127.0.0.1:2/v1"},
        {"temperature": 0.5},
        {"max_tokens": 65},
        {"seed": 1},
        {"context_budget": 5000},
        {"weights": "10-ab"},
    ]
    assert len({same, *(fingerprint(**change) for change in changes)}) == len(changes) + 1
    # a file served here keeps its fingerprint whatever port it got
    served = {"weights": "10-ab", "base_url": "http://127.0.0.1:2/v1"}
    assert fingerprint(**served) == fingerprint(weights="10-ab")


def test_a_configuration_never_shows_its_key():
    shown = LLMConfig("m", f"https://user:{KEY}@example.org/v1?token={KEY}", SecretStr(KEY))
    assert KEY not in str(shown)
    assert KEY not in json.dumps(shown.place)
    assert KEY not in repr(LLMConfig("m", api_key=SecretStr(KEY)))
    assert shown.redact(f"a\n{KEY}  b " + "x" * 500).startswith("a *** b xxx")
    assert len(shown.redact("x" * 500)) == 200


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": ""}, "no name"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"max_retries": -1}, "max_retries is -1"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"timeout": 0}, "timeout is 0 s"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"requests_per_minute": 0}, "requests_per_minute is 0"),
        ({"base_url": "localhost:8080"}, "no HTTP address"),
    ],
)
def test_a_bad_value_is_named(values, words):
    with pytest.raises(LLMError, match=words):
        LLMConfig(**{"model": "m", **values})

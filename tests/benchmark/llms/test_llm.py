"""Asking a language model: a fake endpoint in every mood, and the packaged model for real."""

import asyncio
import logging
import socket
import sys
import traceback

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llama_server import packaged_smollm2
from norm_aware.benchmark.llms.llm import LLM, REPEAT_TEMPERATURE, open_llm
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.errors import LLMError, MissingExtraError
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"


def config(fake, **changes):
    return LLMConfig("fake", fake.base_url, SecretStr(KEY), **{"max_retries": 0, **changes})


@pytest.fixture
def ask():
    """Asks a fake server in a mode; returns the answer or the error, and the server."""

    def asked(mode, contexts=("The Louvre stands in Paris.",), **changes):
        with FakeOpenAI(mode) as fake:
            try:
                return LLM(config(fake, **changes)).answer("Where is the Louvre?", contexts), fake
            except LLMError as error:
                return error, fake

    return asked


def test_an_answer_comes_from_a_request_that_states_everything_that_changes_it(ask):
    answer, fake = ask("ok", ("The Louvre stands in Paris.", "Bees have five eyes."), max_tokens=7, seed=3)
    assert answer == "Paris"
    (request,) = fake.requests
    system, user = request.pop("messages")
    assert request == {"model": "fake", "temperature": 0.0, "max_tokens": 7, "seed": 3}
    assert system == {"role": "system", "content": Prompt().system}
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


def test_a_missing_openai_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[benchmark\]"):
        LLM(LLMConfig("m"))


def test_the_packaged_model_answers_the_same_each_time():
    contexts = ["The Louvre is an art museum in Paris.", "Bees have five eyes."]
    asked = "In which city is the Louvre?"
    with open_llm("smollm2", max_tokens=8) as llm:
        first = llm.answer(asked, contexts)
        llm.answer("How many eyes have bees?", contexts)  # begins as the first does
        assert first
        assert llm.answer(asked, contexts) == first
        fingerprint = llm.fingerprint
    with open_llm(str(packaged_smollm2()), max_tokens=8) as llm:
        assert llm.fingerprint == fingerprint


def test_a_further_answer_is_asked_for_by_another_seed_at_a_temperature(ask):
    async def twice(fake):
        async with LLM(config(fake, seed=3)) as llm:
            await llm.reply("Where?", ["Paris"])
            await llm.reply("Where?", ["Paris"], repeat=2)

    with FakeOpenAI() as fake:
        asyncio.run(twice(fake))
    assert [(r["temperature"], r["seed"]) for r in fake.requests] == [(0.0, 3), (REPEAT_TEMPERATURE, 5)]
    assert fake.requests[0]["messages"] == fake.requests[1]["messages"]


def test_a_prompt_given_with_a_question_stands_in_place_of_the_models_own():
    async def reply(fake):
        async with LLM(config(fake), prompt=Prompt(system="Own.")) as llm:
            await llm.reply("Where?", ["Paris"])
            await llm.reply("Where?", ["Paris"], prompt=Prompt(system="Given."))

    with FakeOpenAI() as fake:
        asyncio.run(reply(fake))
    assert [request["messages"][0]["content"] for request in fake.requests] == ["Own.", "Given."]


def test_a_model_can_answer_where_an_event_loop_runs_already():
    async def notebook(fake):
        return LLM(config(fake)).answer("Where?", [])

    with FakeOpenAI() as fake:
        assert asyncio.run(notebook(fake)) == "Paris"

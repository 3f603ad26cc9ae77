"""Asking a model for words or for JSON: an endpoint in every mood, and the packaged model for real."""

import asyncio
import json
import logging
import time
import traceback

import jsonschema
import pytest
from pydantic import SecretStr

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llama_server import packaged_smollm2
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.benchmark.llms.usage import Price, Usage
from norm_aware.errors import FormError, LLMError, MissingExtraError
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"
ASKED = [{"role": "user", "content": "Is 3 prime?"}]
VERDICT = {
    "properties": {"verdict": {"type": "string", "enum": ["yes", "no"]}, "sure": {"type": "integer"}},
    "type": "object",
    "required": ["verdict", "sure"],
}


def config(fake, **changes):
    return LLMConfig("fake", fake.base_url, SecretStr(KEY), **{"max_retries": 0, **changes})


def ask(fake, *, times=1, schema=None, **changes):
    """Replies of one chat asked so often at once, or the first error."""

    async def asking():
        async with Chat(config(fake, **changes)) as chat:
            calls = (chat.ask(ASKED, schema=schema) for _ in range(times))
            return await asyncio.gather(*calls, return_exceptions=True)

    replies = asyncio.run(asking())
    if times > 1:
        return replies
    if isinstance(replies[0], Exception):
        raise replies[0]
    return replies[0]


def test_a_reply_has_its_words_its_tokens_and_their_price():
    with FakeOpenAI() as fake:
        reply = ask(fake, price=Price(1_000_000, 2_000_000))
        assert (reply.text, reply.usage, reply.data) == ("Paris", Usage(1, 1, 1, 3.0), None)
        assert reply.seconds > 0
        assert ask(fake).usage == Usage(1, 1, 1, None)


def test_a_call_may_differ_from_the_configuration():
    async def asking(fake):
        async with Chat(config(fake)) as chat:
            await chat.ask(ASKED, temperature=0.5, seed=7, max_tokens=9)

    with FakeOpenAI() as fake:
        asyncio.run(asking(fake))
    (request,) = fake.requests
    assert (request["temperature"], request["seed"], request["max_tokens"]) == (0.5, 7, 9)


def test_no_more_requests_are_in_flight_than_the_model_may_have():
    with FakeOpenAI(delay=0.05) as fake:
        ask(fake, times=9, concurrency=3)
        assert fake.peak == 3
        assert len(fake.requests) == 9


def test_a_busy_endpoint_is_asked_again_after_the_time_it_names():
    with FakeOpenAI("busy", retry_after="0.3") as fake:
        started = time.monotonic()
        assert ask(fake, max_retries=1).text == "Paris"
        assert time.monotonic() - started >= 0.3
        assert len(fake.requests) == 2


def test_an_endpoint_that_asks_for_hours_is_given_up_at_once():
    with FakeOpenAI("busy", retry_after="7200") as fake:
        with pytest.raises(LLMError, match="answered HTTP 429") as caught:
            ask(fake, max_retries=5)
        assert len(fake.requests) == 1
    assert caught.value.status == 429


def test_a_failing_endpoint_is_asked_as_often_as_allowed_and_no_more():
    with FakeOpenAI("failing") as fake:
        with pytest.raises(LLMError, match="answered HTTP 500: it broke") as caught:
            ask(fake, max_retries=2)
        assert len(fake.requests) == 3
    assert caught.value.status == 500


@pytest.mark.parametrize("mode", ["refusing", "malformed", "no_choice", "no_text"])
def test_what_will_not_pass_is_not_asked_again(mode):
    with FakeOpenAI(mode) as fake:
        with pytest.raises(LLMError):
            ask(fake, max_retries=3)
        assert len(fake.requests) == 1


def test_a_call_ends_by_its_timeout_however_often_it_is_tried():
    with FakeOpenAI("slow") as fake:
        with pytest.raises(LLMError, match=r"did not answer within 0\.1 s"):
            ask(fake, timeout=0.1, max_retries=1)
        assert len(fake.requests) == 2


def test_json_is_asked_for_by_its_schema_closed_as_openai_wants_it():
    with FakeOpenAI() as fake:
        assert ask(fake, schema=VERDICT).data == {"verdict": "yes", "sure": 1}
    (request,) = fake.requests
    form = request["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"] == {**VERDICT, "additionalProperties": False}
    assert request["messages"] == ASKED


@pytest.mark.parametrize(
    ("mode", "forms"),
    [("schemaless", ["json_schema", "json_object"]), ("formless", ["json_schema", "json_object", None])],
)
def test_an_endpoint_that_refuses_a_form_is_asked_by_the_next_from_then_on(mode, forms):
    async def asking(fake):
        async with Chat(config(fake)) as chat:
            return [(await chat.ask(ASKED, schema=VERDICT)).data for _ in range(3)]

    with FakeOpenAI(mode) as fake:
        assert asyncio.run(asking(fake)) == [{"verdict": "yes", "sure": 1}] * 3
    asked = [(request.get("response_format") or {}).get("type") for request in fake.requests]
    assert asked == [*forms, forms[-1], forms[-1]]
    assert json.dumps(VERDICT) in fake.requests[-1]["messages"][0]["content"]


def test_an_endpoint_that_knows_no_seed_is_given_none_from_then_on():
    async def asking(fake):
        async with Chat(config(fake)) as chat:
            return [(await chat.ask(ASKED)).text for _ in range(2)]

    with FakeOpenAI("seedless") as fake:
        assert asyncio.run(asking(fake)) == ["Paris"] * 2
    assert ["seed" in request for request in fake.requests] == [True, False, False]


def test_a_broken_reply_is_asked_for_once_more_with_what_was_wrong():
    with FakeOpenAI("clumsy") as fake:
        reply = ask(fake, schema=VERDICT)
    assert reply.data == {"verdict": "yes", "sure": 1}
    assert reply.usage.calls == 2
    said, wrong = fake.requests[1]["messages"][-2:]
    assert said["role"] == "assistant"
    assert said["content"].endswith('"and":')
    assert "no JSON object" in wrong["content"]


def test_a_reply_off_its_schema_twice_is_an_error_that_says_how():
    number = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}, "required": ["n"]}
    with FakeOpenAI("wild") as fake:
        with pytest.raises(FormError, match="n: 7 is greater than the maximum of 5") as caught:
            ask(fake, schema=number)
        assert len(fake.requests) == 2
    assert caught.value.text == '{"n": 7}'
    with FakeOpenAI("off_schema") as fake, pytest.raises(FormError, match="it is no JSON object"):
        ask(fake, schema=VERDICT)


def test_a_reply_that_was_cut_off_says_so_and_is_not_asked_for_again():
    with FakeOpenAI("cut") as fake:
        with pytest.raises(FormError, match="cut off after 64 tokens.*raise max_tokens"):
            ask(fake, schema=VERDICT)
        assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "mode", ["failing", "busy", "refusing", "malformed", "no_choice", "off_schema", "slow"]
)
def test_no_error_and_no_log_holds_the_key(mode, caplog):
    caplog.set_level(logging.INFO)
    with FakeOpenAI(mode) as fake, pytest.raises(LLMError) as caught:
        ask(fake, schema=VERDICT, timeout=0.3)
    assert "\n" not in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_half_a_surrogate_pair_does_not_reach_a_file():
    with FakeOpenAI(text="caf\ud83d") as fake:
        assert ask(fake).text.encode() == b"caf?"


def test_a_chat_that_was_closed_can_be_opened_in_another_loop():
    with FakeOpenAI() as fake:
        chat = Chat(config(fake, concurrency=1))

        async def asking():
            async with chat:
                return await asyncio.gather(chat.ask(ASKED), chat.ask(ASKED))

        assert [reply.text for _ in range(2) for reply in asyncio.run(asking())] == ["Paris"] * 4


@pytest.fixture(scope="module")
def smollm2():
    try:
        packaged_smollm2()
    except MissingExtraError as error:
        pytest.skip(str(error))
    with open_config(ModelSpec("smollm2", concurrency=2), max_tokens=128, context_budget=1200) as opened:
        opened.server.threads = 1  # more wait for one another where the tests have not all processors
        yield opened


SCHEMAS = [
    VERDICT,
    {
        "type": "object",
        "properties": {
            "statements": {
                "type": "array",
                "maxItems": 2,
                "items": {
                    "type": "object",
                    "properties": {
                        "statement": {"type": "string", "maxLength": 40},
                        "verdict": {"type": "integer", "enum": [0, 1]},
                    },
                    "required": ["statement", "verdict"],
                },
            }
        },
        "required": ["statements"],
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=["verdict", "statements"])
def test_what_a_small_model_writes_by_a_schema_always_parses(smollm2, schema):
    """A model that cannot follow an instruction follows a grammar: no reply is repaired or lost."""
    questions = ["Is 3 prime?", "Tell me a story.", "Antworte auf Deutsch: wie geht es dir?"]

    async def asking():
        async with Chat(smollm2) as chat:
            calls = (chat.ask([{"role": "user", "content": q}], schema=schema) for q in questions)
            return await asyncio.gather(*calls)

    for reply in asyncio.run(asking()):
        jsonschema.validate(json.loads(reply.text), schema)
        assert (reply.data, reply.usage.calls) == (json.loads(reply.text), 1)
        assert min(reply.usage.prompt_tokens, reply.usage.completion_tokens) > 0

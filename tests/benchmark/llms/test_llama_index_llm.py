"""LlamaIndex LLMs as models that answer and judge."""

import asyncio
import os
from dataclasses import replace
from unittest.mock import ANY

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.llms import CustomLLM, MockLLM

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llama_index_llm import LlamaIndexLLM, load_llama_index
from norm_aware.benchmark.llms.llm import LLM
from norm_aware.benchmark.llms.usage import Price, Usage
from norm_aware.errors import LLMError
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


class Scripted(CustomLLM):
    """Says its lines one after the other, or raises them."""

    lines: list
    temperature: float = 0.1
    api_key: str = ""
    asked: list

    @property
    def metadata(self):
        return LLMMetadata(model_name="scripted-1", context_window=99)

    def complete(self, prompt, formatted=False, **_):
        raise NotImplementedError

    def stream_complete(self, prompt, formatted=False, **_):
        raise NotImplementedError

    def chat(self, messages, **options):
        self.asked.append(([(m.role.value, m.content) for m in messages], options))
        line = self.lines[len(self.asked) - 1]
        if isinstance(line, Exception):
            raise line
        raw = {"usage": {"prompt_tokens": 11, "completion_tokens": 3}}
        return ChatResponse(message=ChatMessage(role="assistant", content=line), raw=raw)


def scripted(*lines, **settings):
    return LlamaIndexLLM(Scripted(lines=list(lines), asked=[], **settings))


def config(adapter, **changes):
    return LLMConfig(adapter.name, llama_index=adapter, **changes)


def ask(adapter, schema=None, **changes):
    async def asking():
        async with Chat(config(adapter, **changes)) as chat:
            return await chat.ask([{"role": "user", "content": "How many?"}], schema=schema)

    return asyncio.run(asking())


def test_it_answers_by_its_own_settings_with_tokens_and_price():
    adapter = scripted("Paris")
    llm = LLM(config(adapter, price=Price(1_000_000, 0)))
    assert llm.answer("Where is the Louvre?", ["The Louvre is in Paris."]) == "Paris"
    ((messages, options),) = adapter.llm.asked
    assert [role for role, _ in messages] == ["system", "user"]
    assert options == {}
    assert ask(scripted("Paris"), price=Price(1_000_000, 0)).usage == Usage(1, 11, 3, 11.0)


def test_a_further_answer_asks_it_for_a_temperature():
    adapter = scripted("Paris")

    async def asking():
        async with LLM(config(adapter)) as llm:
            return await llm.reply("Where?", [], repeat=1)

    asyncio.run(asking())
    assert adapter.llm.asked[0][1] == {"temperature": 0.7}


def test_a_caller_that_names_every_option_does_not_override_its_settings():
    adapter = scripted("Paris")

    async def asking():
        async with Chat(config(adapter)) as chat:
            asked = [{"role": "user", "content": "Where?"}]
            return await chat.ask(asked, temperature=0.0, seed=0, max_tokens=8)

    asyncio.run(asking())
    assert adapter.llm.asked[0][1] == {}


def test_it_judges_by_a_schema_in_the_prompt_and_is_corrected_once():
    adapter = scripted('{"n": "three"}', 'Sorry. {"n": 3}')
    reply = ask(adapter, SCHEMA)
    assert (reply.data, reply.usage.calls) == ({"n": 3}, 2)
    first, second = (messages for messages, _ in adapter.llm.asked)
    assert '"n"' in first[0][1]
    assert "is not of type 'integer'" in second[-1][1]


def test_a_lost_connection_is_tried_again_and_a_bug_is_not():
    adapter = scripted(ConnectionError("gone"), "Paris")
    assert ask(adapter, max_retries=1).text == "Paris"
    adapter = scripted(ValueError("no such model"), "Paris")
    with pytest.raises(LLMError, match="scripted-1 through LlamaIndex failed with ValueError: no such model"):
        ask(adapter, max_retries=1)


def test_the_fingerprint_is_of_class_model_and_settings_and_never_of_the_key():
    same = scripted().fingerprint
    assert scripted(api_key=KEY).fingerprint == same
    assert scripted(temperature=0.2).fingerprint != same
    assert LlamaIndexLLM(MockLLM()).fingerprint != LlamaIndexLLM(MockLLM(max_tokens=5)).fingerprint
    one, other = scripted(), scripted(temperature=0.2)
    assert config(one).fingerprint() != config(other).fingerprint()


def test_a_key_of_its_settings_or_of_the_environment_is_in_no_message(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "an-env-secret-1")
    adapter = scripted(ValueError(f"{KEY} and an-env-secret-1 are wrong"), api_key=KEY)
    with pytest.raises(LLMError, match=r"\*\*\* and \*\*\* are wrong") as caught:
        ask(adapter)
    assert KEY not in repr(config(adapter)) + str(caught.value)


def test_llama_indexs_own_openai_llm_is_asked_over_http():
    openai = pytest.importorskip("llama_index.llms.openai")
    with FakeOpenAI() as fake:
        llm = openai.OpenAI(model="gpt-4o-mini", api_base=fake.base_url, api_key=KEY, temperature=0.25)
        adapter = LlamaIndexLLM(llm)
        reply = ask(adapter)
        assert ask(adapter) == replace(reply, seconds=ANY)
        llm._get_client().close()
    assert (adapter.name, reply.text, reply.usage) == ("gpt-4o-mini", "Paris", Usage(1, 1, 1))
    assert fake.requests[0]["temperature"] == 0.25
    other = openai.OpenAI(model="gpt-4o-mini", api_base=fake.base_url, api_key="another", temperature=0.25)
    assert LlamaIndexLLM(other).fingerprint == adapter.fingerprint


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        ("", "given:make", "has no 'make'"),
        ("make = 3", "given:make", "int is no LlamaIndex LLM"),
        ("def make():\n    raise RuntimeError('out of luck')", "given:make", "RuntimeError: out of luck"),
        ("import absent_package", "given:make", "cannot be imported"),
        ("", "not_there:make", "cannot be imported.*at an endpoint, give its base URL"),
    ],
)
def test_an_import_path_that_leads_to_no_llm_says_why(tmp_path, monkeypatch, content, path, words):
    name = f"module_{abs(hash((content, path)))}_{os.getpid()}"
    (tmp_path / f"{name}.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LLMError, match=words):
        load_llama_index(path.replace("given", name))

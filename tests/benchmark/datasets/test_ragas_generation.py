"""RAGAS's own synthesizer, against an endpoint that plays the model."""

import asyncio
import sys

import pytest

from norm_aware.benchmark.datasets.ragas_generation import PERSONAS, Draft, RagasWriter, closed
from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.llm import LLMConfig
from norm_aware.errors import LLMError, MissingExtraError
from tests.benchmark.datasets.ragas_server import RagasServer, passage_in

PASSAGE = "Paris holds the Louvre. It is large."


def draft(server, passage=PASSAGE, seed=0):
    async def ask():
        async with Chat(LLMConfig("fake", server.base_url, max_retries=0)) as chat:
            writer = RagasWriter(chat)
            return await writer.draft(passage, seed=seed), writer.usage

    return asyncio.run(ask())


def test_a_question_is_written_by_ragas_about_the_passage_it_was_given():
    with RagasServer() as server:
        found, usage = draft(server)
    assert found.question == "Where is Paris?"
    assert found.answer == "Paris holds the Louvre."
    assert found.theme == "Paris"
    assert found.persona in PERSONAS
    assert server.asked_for() == ["output", "mapping", "query"]
    assert usage.calls == len(server.requests) == 3
    assert passage_in(server.requests[-1]["messages"][0]["content"]) == PASSAGE


def test_the_seed_alone_decides_who_asks_and_how():
    with RagasServer({"output": ["Paris", "Louvre", "size"]}) as server:
        first, again = draft(server, seed=1)[0], draft(server, seed=1)[0]
        drafts = [first, *(draft(server, seed=seed)[0] for seed in range(2, 9))]
    assert first == again
    for field in ("theme", "persona", "style", "length"):
        assert len({getattr(found, field) for found in drafts}) > 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"output": []}, "found no theme"),
        ({"mapping": {name: [] for name in PERSONAS}}, "found nobody who would ask"),
        ({"mapping": {"Stranger": ["Paris"]}}, "RAGAS could not use a reply|did not answer"),
        ({"query": 3}, "did not answer"),
    ],
)
def test_a_reply_that_ragas_cannot_use_is_an_error_of_the_models(said, message):
    with RagasServer(said) as server, pytest.raises(LLMError, match=message):
        draft(server)


def test_without_ragas_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ragas", None)
    with RagasServer() as server, pytest.raises(MissingExtraError, match=r"norm-aware\[benchmark\]"):
        draft(server)


def test_a_closed_schema_has_no_room_for_anything_unnamed():
    inner = {"type": "object", "properties": {"b": {"type": "string", "default": ""}}}
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/X"}}, "$defs": {"X": inner}}
    found = closed(schema, ())
    assert found["required"] == ["a"]
    assert found["$defs"]["X"] == inner | {"required": ["b"], "additionalProperties": False}


def test_a_list_of_any_length_is_given_an_end_and_one_that_has_an_end_keeps_it():
    lists = {"a": {"type": "array"}, "b": {"type": "array", "maxItems": 3}}
    found = closed({"type": "object", "properties": lists}, ())["properties"]
    assert found["a"]["maxItems"] == 10
    assert found["b"]["maxItems"] == 3


def test_a_property_named_like_a_word_of_json_schema_is_a_property():
    schema = {"type": "object", "properties": {"type": {"type": "string"}, "properties": {"type": "string"}}}
    assert closed(schema, ())["required"] == ["type", "properties"]


def test_a_draft_is_a_value():
    assert Draft("q", "a", "t", "p", "s", "l") == Draft("q", "a", "t", "p", "s", "l")

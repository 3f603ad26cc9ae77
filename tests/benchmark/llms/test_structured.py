import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.llms.structured import Structure
from norm_aware.errors import LLMError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How many?"}]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), values),
    st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```", "Sure: {} ."]),
)
def test_an_object_is_found_bare_in_a_fence_or_between_words(value, around):
    assert Structure({"type": "object"}).read(around.replace("{}", json.dumps(value))) == value


def test_what_a_model_thought_aloud_is_not_its_reply():
    assert Structure(SCHEMA).read('<think>{"n": 1}? No.</think>{"n": 2}') == {"n": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"n": 1', "no JSON object"),
        ('{"n": "one"}', "n: 'one' is not of type 'integer'"),
        ("{}", "'n' is a required property"),
        ("[" * 100_000, "no JSON object"),
    ],
)
def test_what_does_not_follow_the_schema_is_refused_by_its_fault(text, words):
    with pytest.raises(ValueError, match=words):
        Structure(SCHEMA).read(text)


def test_the_schema_is_spelled_out_only_where_nothing_else_carries_it():
    structure = Structure(SCHEMA)
    assert structure.messages(ASKED, "json_schema") == ASKED
    for form in ("json_object", "text"):
        system, user = structure.messages(ASKED, form)
        assert system["content"].startswith("Be brief.\n\n")
        assert json.dumps(SCHEMA) in system["content"]
        assert user == ASKED[1]
        assert json.dumps(SCHEMA) in structure.messages(ASKED[1:], form)[0]["content"]
    assert structure.response_format("text") is None


def test_objects_are_closed_and_strict_only_where_all_is_required():
    nested = {"type": "object", "properties": {"inner": SCHEMA}, "required": ["inner"]}
    asked = Structure(nested).response_format("json_schema")["json_schema"]
    assert asked["strict"] is True
    assert asked["schema"]["properties"]["inner"]["additionalProperties"] is False
    optional = {**SCHEMA, "required": []}
    assert Structure(optional).response_format("json_schema")["json_schema"]["strict"] is False
    free = {"type": "object"}
    assert Structure(free).response_format("json_schema")["json_schema"]["schema"] == free


def test_a_property_called_properties_is_no_schema_of_an_object():
    odd = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
    asked = Structure(odd).response_format("json_schema")["json_schema"]
    assert asked == {"name": "reply", "schema": {**odd, "additionalProperties": False}, "strict": True}


def test_what_is_no_schema_is_refused():
    with pytest.raises(LLMError, match="no JSON schema"):
        Structure({"type": "thing"})

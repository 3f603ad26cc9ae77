"""The form of a reply: whatever the schema lets through, RAGAS can read."""

import json

import jsonschema
import pytest
from pydantic import BaseModel

from norm_aware.benchmark.metrics.reply_form import ReplyForm


class Verdict(BaseModel):
    statement: str
    reason: str
    verdict: int


class Verdicts(BaseModel):
    statements: list[Verdict]


class Statements(BaseModel):
    statements: list[str]


PROMPT = """Judge.
Now perform the same with the following input
input: {"context": "input: {", "statements": ["a", "b"]}
Output: """


def check(form, data):
    jsonschema.Draft202012Validator(form.schema).validate(data)


def verdict(value=1, **more):
    return {"statement": "s", "reason": "r", "verdict": value, **more}


def test_each_statement_asked_about_gets_one_verdict_that_is_0_or_1():
    form = ReplyForm(Verdicts, PROMPT)
    check(form, {"statements": [verdict(0), verdict(1)]})
    for wrong in ([verdict()], [verdict()] * 3, [verdict(7), verdict()], [verdict(extra=1), verdict()]):
        with pytest.raises(jsonschema.ValidationError):
            check(form, {"statements": wrong})


def test_a_verdict_stands_beside_the_statement_that_was_asked_about_and_not_a_rephrased_one():
    found = ReplyForm(Verdicts, PROMPT).read({"statements": [verdict(0), verdict(1)]})
    assert [(item.statement, item.verdict) for item in found.statements] == [("a", 0), ("b", 1)]


def test_without_reasons_the_judge_writes_verdicts_alone_and_ragas_still_gets_its_fields():
    form = ReplyForm(Verdicts, PROMPT, reasons=False)
    check(form, {"statements": [{"verdict": 1}, {"verdict": 0}]})
    assert "reason" not in json.dumps(form.schema["$defs"]["Verdict"]["properties"])
    found = form.read({"statements": [{"verdict": 1}, {"verdict": 0}]})
    assert [(s.statement, s.reason, s.verdict) for s in found.statements] == [("a", "", 1), ("b", "", 0)]


@pytest.mark.parametrize("prompt", ["free words", PROMPT.replace('"statements"', '"others"'), PROMPT[:-40]])
def test_a_prompt_that_lists_no_statements_leaves_their_number_open(prompt):
    form = ReplyForm(Verdicts, prompt)
    check(form, {"statements": [verdict()] * 3})
    assert form.read({"statements": [verdict()]}).statements[0].statement == "s"


def test_a_list_of_statements_to_be_found_has_no_number_but_an_end():
    form = ReplyForm(Statements, PROMPT)
    check(form, {"statements": []})
    with pytest.raises(jsonschema.ValidationError):
        check(form, {"statements": ["s"] * 21})


def test_texts_have_a_greatest_length_but_for_openai():
    long = {"statements": ["s" * 500]}
    check(ReplyForm(Statements, PROMPT, bounded=False), long)
    with pytest.raises(jsonschema.ValidationError):
        check(ReplyForm(Statements, PROMPT), long)


@pytest.mark.parametrize("bounded", [True, False])
def test_the_schemas_of_all_of_ragas_replies_are_strict_as_openai_wants_them(bounded):
    from ragas.metrics.collections.answer_accuracy.util import AnswerAccuracyOutput
    from ragas.metrics.collections.answer_relevancy.util import AnswerRelevanceOutput
    from ragas.metrics.collections.context_entity_recall.util import EntitiesList
    from ragas.metrics.collections.context_precision.util import ContextPrecisionOutput
    from ragas.metrics.collections.context_recall.util import ContextRecallOutput
    from ragas.metrics.collections.factual_correctness.util import ClaimDecompositionOutput
    from ragas.metrics.collections.faithfulness.util import NLIStatementOutput, StatementGeneratorOutput
    from ragas.metrics.collections.noise_sensitivity.util import StatementFaithfulnessOutput

    fields = set()
    for model in (
        AnswerAccuracyOutput,
        AnswerRelevanceOutput,
        EntitiesList,
        ContextPrecisionOutput,
        ContextRecallOutput,
        ClaimDecompositionOutput,
        NLIStatementOutput,
        StatementGeneratorOutput,
        StatementFaithfulnessOutput,
    ):
        schema = ReplyForm(model, PROMPT, bounded=bounded).schema
        for part in [schema, *schema.get("$defs", {}).values()]:
            assert part["additionalProperties"] is False
            assert set(part["required"]) == set(part["properties"])
            fields |= {
                (name, tuple(value["enum"])) for name, value in part["properties"].items() if "enum" in value
            }
        assert ("maxLength" in json.dumps(schema)) <= bounded
    assert fields == {
        ("verdict", (0, 1)),
        ("attributed", (0, 1)),
        ("noncommittal", (0, 1)),
        ("rating", (0, 2, 4)),
    }

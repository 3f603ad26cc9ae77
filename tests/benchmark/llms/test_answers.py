import asyncio
from dataclasses import replace

import pytest

from norm_aware.benchmark.llms.answers import Answers, Question
from norm_aware.benchmark.llms.chat import Reply
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError, LLMError

QUESTION = Question("Where?", ("Here.", "There."), Prompt())


class Model:
    """Counts its questions and fails at some."""

    concurrency = 4

    def __init__(self, fingerprint="model", failing=False):
        self.fingerprint, self.failing, self.asked = fingerprint, failing, 0

    async def reply(self, question, contexts, *, prompt, repeat=0):
        self.asked += 1
        await asyncio.sleep(0)
        if self.failing:
            raise LLMError("it is tired")
        return Reply(f"{question} {self.asked}", Usage(1, 3, 2, 0.5), seconds=0.25)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.jsonl"


def ask(path, model, *questions, repeat=0):
    async def asking():
        answers = Answers(Rows(path))
        calls = (answers.reply(model, question, repeat=repeat) for question in questions)
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(asking())


def test_an_answer_is_paid_once_also_by_a_later_run(path):
    model = Model()
    first = ask(path, model, QUESTION, QUESTION, QUESTION)
    assert ask(path, model, QUESTION) == first[:1]
    assert first[0] == first[1] == first[2] == Reply("Where? 1", Usage(1, 3, 2, 0.5), seconds=0.25)
    assert model.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(QUESTION, text="When?"),
        replace(QUESTION, contexts=("There.", "Here.")),
        replace(QUESTION, contexts=("Here.",)),
        replace(QUESTION, contexts=("Here.\n\nThere.",)),
        replace(QUESTION, prompt=Prompt(system="Be brief.")),
    ],
)
def test_whatever_changes_an_answer_asks_for_another(path, other):
    model = Model()
    ask(path, model, QUESTION)
    ask(path, model, other)
    assert model.asked == 2


def test_another_model_or_a_further_answer_is_asked_for_itself(path):
    ask(path, Model(), QUESTION)
    for model, repeat in ((Model("other"), 0), (Model(), 1), (Model(), 2)):
        ask(path, model, QUESTION, repeat=repeat)
        assert model.asked == 1


def test_a_failure_is_shared_now_and_tried_again_by_the_next_run(path):
    model = Model(failing=True)
    assert [str(error) for error in ask(path, model, QUESTION, QUESTION)] == ["it is tired"] * 2
    assert model.asked == 1
    assert not path.exists()
    assert ask(path, Model(), QUESTION)[0].text == "Where? 1"


def test_a_torn_answer_is_asked_for_again_and_the_others_are_kept(path):
    ask(path, Model(), QUESTION, replace(QUESTION, text="When?"))
    path.write_bytes(path.read_bytes()[:-9])
    model = Model()
    ask(path, model, QUESTION, replace(QUESTION, text="When?"))
    assert model.asked == 1


def test_a_row_that_is_no_answer_is_refused_by_its_line(path):
    path.write_text('{"key": "k", "text": "t", "usage": {"prompts": 1}, "seconds": 1}\n')
    with pytest.raises(BenchmarkError, match="answers.jsonl, line 1 is no answer"):
        Answers(Rows(path))

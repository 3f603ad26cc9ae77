"""A run that asks a real endpoint over HTTP: what fails, what is lost to a kill, and where no key may be."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from norm_aware.benchmark.answering import Answering
from norm_aware.benchmark.collect import collect
from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.benchmark.llms.answers import Answers, Question
from norm_aware.benchmark.llms.config import LLMConfig
from norm_aware.benchmark.llms.llm import LLM
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.retrieving import Found
from norm_aware.benchmark.systems.system import System
from tests.benchmark.fake_openai import FakeOpenAI

KEY = "sk-very-secret-0123456789"
QUERIES = [Query(f"q{number}", f"What is {number}?") for number in range(24)]
SYSTEMS = [System("one"), System("two")]
CONCURRENCY = 3


class Finder:
    """Finds a document that names the system, but for every third question."""

    def __init__(self, name):
        self.name = self.fingerprint = name

    def retrieve(self, query, vector):
        number = int(query.id[1:])
        return [Found("d", 1.0, 1.0, f"{number} is {self.name if number % 3 else 'nothing'}.")]


def run(base_url, folder, progress=lambda *_: None, **changes):
    """All answers of both systems, by one model over HTTP."""
    config = LLMConfig(
        "fake", base_url, SecretStr(KEY), concurrency=CONCURRENCY, **{"max_retries": 0, **changes}
    )
    return collect(
        SYSTEMS,
        QUERIES,
        retrieving={system.name: Finder(system.name) for system in SYSTEMS},
        embed=lambda texts: [[0.0]] * len(texts),
        llm=LLM(config),
        rows=Rows(Path(folder) / "run.jsonl"),
        progress=progress,
    )


QUESTIONS = len(QUERIES) * 2 - len(range(0, len(QUERIES), 3))  # those that both systems ask are one


def test_answers_are_asked_for_at_once_and_never_more_than_allowed(tmp_path):
    with FakeOpenAI(delay=0.02) as fake:
        found = run(fake.base_url, tmp_path)
    assert fake.peak == CONCURRENCY
    assert len(fake.requests) == QUESTIONS
    assert {row["answer"] for row in found.values()} == {"Paris"}


def test_a_kill_loses_no_more_than_the_calls_in_flight(tmp_path):
    code = f"from tests.benchmark.test_answering import run; import sys; run(sys.argv[1], {str(tmp_path)!r})"
    with FakeOpenAI(delay=0.1) as fake:
        process = subprocess.Popen([sys.executable, "-c", code, fake.base_url], cwd=Path(__file__).parents[2])
        while len(fake.requests) < QUESTIONS // 2:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        time.sleep(0.2)  # the server still answers whom it can
        lost = len(fake.requests)
        assert 0 < lost < QUESTIONS
        with (tmp_path / "answers.jsonl").open("ab") as file:
            file.write(b'{"key": "torn')  # as a kill within a write would leave it
        found = run(fake.base_url, tmp_path)
        assert len(fake.requests) - QUESTIONS <= CONCURRENCY
        before = len(fake.requests)
        assert run(fake.base_url, tmp_path) == found
        assert len(fake.requests) == before
    assert {row["answer"] for row in found.values()} == {"Paris"}


@pytest.mark.parametrize("mode", ["failing", "refusing", "no_text", "malformed", "busy"])
def test_no_file_of_a_run_and_no_failure_holds_the_key(tmp_path, mode):
    with FakeOpenAI(mode) as fake:
        found = run(fake.base_url, tmp_path)
    failures = [row["failure"] for row in found.values() if row["answer"] is None]
    assert failures
    assert all(reason.startswith("fake at http://127.0.0.1:") for reason in failures)
    assert all(KEY not in path.read_text() for path in tmp_path.iterdir())


def test_an_endpoint_that_was_busy_answers_in_the_end(tmp_path):
    with FakeOpenAI("busy", retry_after="0.05") as fake:
        found = run(fake.base_url, tmp_path, max_retries=3)
    assert {row["answer"] for row in found.values()} == {"Paris"}
    assert len(fake.requests) == QUESTIONS + 1


def test_failures_of_one_run_are_answers_of_the_next(tmp_path):
    with FakeOpenAI("failing") as fake:
        failed = run(fake.base_url, tmp_path)
        assert {row["answer"] for row in failed.values()} == {None}
        assert len(fake.requests) == QUESTIONS  # a failure is shared too
        fake.mode = "ok"
        assert {row["answer"] for row in run(fake.base_url, tmp_path).values()} == {"Paris"}


def test_leaving_gives_up_what_is_still_asked(tmp_path):
    with FakeOpenAI("slow") as fake:
        llm = LLM(LLMConfig("fake", fake.base_url))
        with Answering(Answers(Rows(tmp_path / "answers.jsonl"))) as answering:
            future = answering.ask(llm, Question("Where?", (), Prompt()))
            while not fake.requests:
                time.sleep(0.01)
        assert future.cancelled()

"""The command that writes a question set, as its user runs it, and the benchmark that takes what it wrote."""

from __future__ import annotations

import json

import pytest

from tests.benchmark.datasets.ragas_server import RagasServer
from tests.benchmark.fake_openai import completion
from tests.test_cli import norm_aware, refused

FILLER = "Nothing more is known of the place than what is written here, and that is little enough. " * 3


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "texts").mkdir()
    for city in ("Paris", "Rome", "Oslo"):
        (tmp_path / "texts" / f"{city}.md").write_text(f"{city} holds a museum of its own. {FILLER}")
    return tmp_path


def generate(folder, server, *more):
    asked = ("--llm", "fake", "--llm-base-url", server.base_url, *more)
    return norm_aware("generate-questions", "texts", *asked, cwd=folder)


def test_a_question_set_is_written_told_of_and_benchmarked(folder):
    with RagasServer() as server:
        done = generate(folder, server, "--number", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 questions from 2 passages; 0 refused, 0 failed; 8 calls, ")
    assert lines[-1] == "questions.jsonl"
    arguments = ("--dataset", "questions.jsonl", "--systems", "cosine,dot", "--no-answers")
    done = norm_aware("benchmark", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "results" / "questions" / "results.json").read_text())
    assert results["systems"]["cosine"]["nDCG@10"] > 0
    assert (results["dataset"]["documents"], results["dataset"]["queries"]) == (3, 2)


def test_more_questions_than_passages_are_told_of_as_missing(folder):
    with RagasServer() as server:
        done = generate(folder, server, "--number", "9")
    assert done.returncode == 0, done.stderr
    assert "6 of 9 are missing: no passage is left." in done.stdout


def test_a_set_in_which_nothing_held_is_an_error_with_its_reasons(folder):
    with RagasServer({"quote": ""}) as server:
        done = generate(folder, server)
    assert "3 refused: the model found no words in the passage that answer the question" in done.stdout
    refused(done, "questions.jsonl.attempts has each with the reason")


def test_a_source_without_documents_is_refused_before_the_model_is_asked(folder):
    done = norm_aware("generate-questions", "nowhere", "--llm", "fake", cwd=folder)
    refused(done, "There are no documents in 'nowhere'")


def test_questions_with_answers_alone_are_benchmarked_over_a_corpus(folder):
    (folder / "mine.csv").write_text("question,answer\nWhere is the museum?,Paris\nWhich city?,Rome\n")
    with RagasServer() as server:
        server.respond = lambda body, key: (200, json.dumps(completion("Paris")))
        arguments = ("--dataset", "mine.csv", "--corpus", "texts", "--systems", "cosine,dot")
        llm = ("--llm", "fake", "--llm-base-url", server.base_url)
        done = norm_aware("benchmark", *arguments, *llm, cwd=folder)
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "results" / "mine" / "results.json").read_text())
    assert results["systems"]["cosine"]["squad_em"] == 0.5
    assert "nDCG@10" not in results["measures"]
    refused(norm_aware("benchmark", "--dataset", "mine.csv", cwd=folder), "nothing to search; name the doc")

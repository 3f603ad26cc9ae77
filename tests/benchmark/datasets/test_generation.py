"""Question sets written end to end, by RAGAS and the checks, against an endpoint that plays the model."""

import asyncio
import json

import pytest

from norm_aware.benchmark.datasets import checking
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.benchmark.datasets.dataset import Document
from norm_aware.benchmark.datasets.generation import generate_questions
from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.benchmark.llms.llm import LLMConfig
from norm_aware.errors import BenchmarkError, LLMError
from tests.benchmark.datasets.ragas_server import RagasServer, passage_in

CITIES = ("Paris", "Rome", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Seoul")
FILLER = "Nothing more is known of the place than what is written here, and that is little enough. " * 3
CORPUS = [Document(city.lower(), "", f"{city} holds a museum of its own. {FILLER}") for city in CITIES]


@pytest.fixture
def folder(tmp_path):
    """The corpus as files, for the file of questions to name."""
    for document in CORPUS:
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{document.id}.txt").write_text(document.text)
    return tmp_path / "corpus"


def documents(folder):
    return read_documents(folder)


def generate(folder, server, number=4, **options):
    config = LLMConfig("fake", server.base_url, max_retries=0)
    out = folder.parent / "questions.jsonl"
    return generate_questions(
        documents(folder), out, writer=config, corpus=str(folder), number=number, **options
    )


def rows(folder):
    text = (folder.parent / "questions.jsonl.attempts").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_each_question_is_traceable_to_words_of_its_document(folder):
    with RagasServer() as server:
        found = generate(folder, server)
    contents = {document.id: document.content for document in documents(folder)}
    assert len(found.questions) == found.passages == 4
    assert found.usage.calls == len(server.requests)
    for question in found.questions:
        (document,) = question["documents"]
        span = question["span"]
        assert contents[document][span["start"] : span["end"]] == span["text"]
        assert question["contexts"] == [contents[document]]
        assert question["verified"] == "found"


def test_the_file_is_a_dataset_over_the_corpus_it_was_written_about(folder):
    with RagasServer() as server:
        generate(folder, server)
    dataset = load_dataset(folder.parent / "questions.jsonl")
    assert dataset.fields() == {"answers": 4, "judgements": 4, "contexts": 4}
    assert len(dataset.documents) == len(CITIES)
    for query in dataset.queries:
        (document,) = dataset.documents_of(query.id)
        assert query.text == f"Where is {document.text.split()[0]}?"
        assert query.kind is not None


def test_the_documents_and_the_seed_decide_which_are_asked_about(folder):
    with RagasServer() as server:
        found = []
        for seed in (0, 0, 5):
            found.append({q["documents"][0] for q in generate(folder, server, 3, seed=seed).questions})
            for name in ("questions.jsonl", "questions.jsonl.attempts"):
                (folder.parent / name).unlink()
    assert found[0] == found[1] != found[2]


def test_a_second_run_asks_nothing_and_a_larger_number_only_the_rest(folder):
    with RagasServer() as server:
        first = generate(folder, server, 3)
        asked = len(server.requests)
        assert generate(folder, server, 3).questions == first.questions
        assert len(server.requests) == asked
        more = generate(folder, server, 5)
    assert more.questions[:3] == first.questions
    assert len(more.questions) == 5
    assert more.usage.calls == len(server.requests) - asked


def test_a_run_that_was_killed_in_the_middle_of_a_row_goes_on(folder):
    with RagasServer() as server:
        whole = generate(folder, server, 4)
        path = folder.parent / "questions.jsonl.attempts"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:3]) + lines[3][:20])
        assert generate(folder, server, 4).questions == whole.questions


def test_a_model_that_dies_ends_the_run_and_what_it_wrote_is_kept(folder):
    with RagasServer(dies_after=10) as server:
        with pytest.raises(LLMError, match="HTTP 500"):
            generate(folder, server, 8)
        kept = [json.loads(line) for line in (folder.parent / "questions.jsonl").read_text().splitlines()]
        assert 1 <= len(kept) < 8
        server.dies_after = None
        found = generate(folder, server, 8)
    assert list(found.questions[: len(kept)]) == kept
    assert len(found.questions) == 8


def test_a_call_that_failed_is_no_verdict_on_its_passage(folder):
    said = {"query": lambda text: 3 if "Paris" in passage_in(text) else f"Where is {passage_in(text)[:4]}?"}
    with RagasServer(said) as server:
        found = generate(folder, server, len(CITIES))
        assert (found.failed, found.passages) == (1, len(CITIES) - 1)
        server.said = {}
        assert generate(folder, server, len(CITIES)).passages == len(CITIES)


def test_refused_questions_are_counted_by_their_reason_and_not_asked_again(folder):
    def query(text):
        city = passage_in(text).split()[0]
        return {"Paris": "What does the passage say?", "Rome": "Where is Oslo, then?"}.get(
            city, f"Where is {city}?"
        )

    def quote(text):
        passage = passage_in(text)
        return "a museum in the air" if passage.startswith("Lima") else passage.split(".")[0]

    with RagasServer({"query": query, "quote": quote}) as server:
        found = generate(folder, server, len(CITIES))
        asked = len(server.requests)
        again = generate(folder, server, len(CITIES))
    assert found.refused == again.refused == {checking.NOT_ALONE: 1, checking.NOT_FOUND: 1}
    assert found.passages == len(CITIES)
    assert len(found.questions) == len(CITIES) - 2
    assert len(server.requests) == asked
    refused = [row for row in rows(folder) if "refused" in row]
    assert {row["document"] for row in refused} == {"paris.txt", "lima.txt"}


def test_a_question_that_comes_twice_is_kept_once(folder):
    with RagasServer({"query": "Which place holds a museum?"}) as server:
        found = generate(folder, server, 2)
    assert len(found.questions) == 1
    assert found.refused == {checking.DUPLICATE: len(CITIES) - 1}


def test_a_checker_of_its_own_is_asked_in_place_of_the_writer(folder):
    with RagasServer() as writer, RagasServer() as other:
        generate(folder, writer, 2, checker=LLMConfig("other", other.base_url))
        assert set(other.asked_for()) == {"quote"}
        assert "quote" not in writer.asked_for()


def test_another_seed_corpus_or_model_in_the_same_file_is_refused(folder):
    with RagasServer() as server:
        generate(folder, server, 1)
        with pytest.raises(BenchmarkError, match="questions of another seed; give another --out"):
            generate(folder, server, 1, seed=1)
        (folder / "paris.txt").write_text("Changed.")
        with pytest.raises(BenchmarkError, match="questions of another corpus"):
            generate(folder, server, 1)
    with RagasServer() as other, pytest.raises(BenchmarkError, match="corpus and writer and checker"):
        generate(folder, other, 1)


def test_a_file_that_was_not_written_here_is_never_written_over(folder):
    (folder.parent / "questions.jsonl").write_text("mine\n")
    with RagasServer() as server, pytest.raises(BenchmarkError, match="is there already"):
        generate(folder, server)
    assert (folder.parent / "questions.jsonl").read_text() == "mine\n"


def test_questions_are_written_where_a_loop_runs_already(folder):
    async def notebook():
        return generate(folder, server, 1)

    with RagasServer() as server:
        assert len(asyncio.run(notebook()).questions) == 1


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [("questions.csv", 3, "is no .jsonl file"), ("questions.jsonl", 0, "at least 1 is needed")],
)
def test_what_cannot_be_written_is_refused_before_anything_is_asked(tmp_path, name, number, message):
    config = LLMConfig("fake", "http://127.0.0.1:9/v1")
    with pytest.raises(BenchmarkError, match=message):
        generate_questions(CORPUS, tmp_path / name, writer=config, corpus="x", number=number)

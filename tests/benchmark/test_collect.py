from __future__ import annotations

import json
from dataclasses import replace

import pytest

from norm_aware.benchmark.collect import collect
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.benchmark.systems.index import COLLECTION, open_index
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.ranker import Ranker, ranking_fingerprint
from norm_aware.benchmark.systems.system import parse_systems
from norm_aware.errors import BenchmarkError, CollectionError, LLMError, QueryError

WORDS = ["rain", "snow", "wind", "hail", "fog", "frost", "storm", "cloud"]
DATASET = Dataset(
    name="weather",
    documents=tuple(
        Document(f"d{i}", w.title(), f"{w} " * (i + 1) + "falls on the hills") for i, w in enumerate(WORDS)
    ),
    queries=tuple(Query(f"q{i}", f"What does {w} do?", (f"{w} falls",)) for i, w in enumerate(WORDS)),
    qrels={f"q{i}": {f"d{i}": 1} for i in range(len(WORDS))},
)
SYSTEMS = parse_systems(["cosine", "dot"])


class Speaker:
    """Answers with what it was given, and remembers being asked."""

    fingerprint = "speaker"

    def __init__(self, failing: str | None = None) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.failing = failing

    def answer(self, question, contexts):
        self.asked.append((question, tuple(contexts)))
        if self.failing and self.failing in question:
            raise LLMError("it is tired")
        return f"because of {contexts[0]}"


def silent(_stage: str, _done: int, _total: int) -> None:
    """Shows nothing."""


@pytest.fixture
def index(static, tmp_path):
    indexes = Indexes(DATASET, Encoder.of(static), tmp_path / "index", progress=silent)
    yield indexes
    indexes.close()


def rankers(index, systems):
    identity = index.encoder.identity()
    return {
        s.name: Ranker(s, index, fingerprint=ranking_fingerprint(s, dataset=DATASET.digest, encoder=identity))
        for s in systems
    }


def run(index, embedding, rows: Rows, llm, systems=SYSTEMS, context_k=2):
    systems = [replace(system, context_k=context_k) for system in systems]
    return collect(
        systems,
        DATASET.queries,
        retrieving=rankers(index, systems),
        embed=embedding.embed_queries,
        llm=llm,
        rows=rows,
        progress=silent,
    )


def test_every_system_answers_every_query_with_documents_scores_and_norms(index, static, tmp_path):
    found = run(index, static, Rows(tmp_path / "run.jsonl"), Speaker())
    assert set(found) == {(s.name, q.id) for s in SYSTEMS for q in DATASET.queries}
    for row in found.values():
        assert {d["id"] for d in row["documents"]} == {document.id for document in DATASET.documents}
        scores = [d["score"] for d in row["documents"]]
        assert scores == sorted(scores, reverse=True)
        assert all(d["norm"] > 0 for d in row["documents"])
        assert row["answer"].startswith("because of")
        assert row["seconds"] > 0
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert lines == list(found.values())


def test_systems_with_the_same_contexts_in_the_same_order_share_one_answer(index, static, tmp_path):
    llm = Speaker()
    found = run(index, static, Rows(tmp_path / "run.jsonl"), llm)
    contexts = {(query, tuple(d["id"] for d in row["documents"][:2])) for (_, query), row in found.items()}
    assert len(llm.asked) == len(contexts) < len(found)


def test_a_killed_run_goes_on_without_asking_again(index, static, tmp_path):
    path = tmp_path / "run.jsonl"
    whole = run(index, static, Rows(path), Speaker())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:9]) + lines[9][:20])
    llm = Speaker()
    again = run(index, static, Rows(path), llm)
    assert {key: row["answer"] for key, row in again.items()} == {
        key: row["answer"] for key, row in whole.items()
    }
    assert len(path.read_text().splitlines()) == len(lines)
    assert 0 < len(llm.asked) <= len(lines) - 9
    llm = Speaker()
    run(index, static, Rows(path), llm)
    assert llm.asked == []


def test_a_failed_answer_is_a_row_with_its_reason_and_is_asked_for_again(index, static, tmp_path):
    rows = Rows(tmp_path / "run.jsonl")
    found = run(index, static, rows, Speaker(failing="snow"))
    for (_, query), row in found.items():
        assert (
            (row["answer"], row.get("failure")) == (None, "it is tired") if query == "q1" else row["answer"]
        )
    again = run(index, static, rows, Speaker())
    assert all(row["answer"] and "failure" not in row for row in again.values())


def test_without_a_language_model_there_are_rankings_and_no_answers(index, static, tmp_path):
    found = run(index, static, Rows(tmp_path / "run.jsonl"), None)
    assert all(row["answer"] is None and row["documents"] and "failure" not in row for row in found.values())


def test_another_system_may_join_a_finished_run(index, static, tmp_path):
    rows = Rows(tmp_path / "run.jsonl")
    run(index, static, rows, Speaker())
    before = len(list(rows.read()))
    run(index, static, rows, Speaker(), parse_systems(["cosine", "dot", "document_power=-1"]))
    assert len(list(rows.read())) == before + len(WORDS)


def test_a_complete_index_is_opened_and_an_incomplete_one_built_anew(static, tmp_path):
    _, client = open_index(DATASET, static, tmp_path / "index", progress=silent)
    client.close()
    stages: list[str] = []
    _, client = open_index(
        DATASET, static, tmp_path / "index", progress=lambda stage, *_: stages.append(stage)
    )
    assert stages == []
    client.delete(COLLECTION, points_selector=[point.id for point in client.scroll(COLLECTION, limit=1)[0]])
    client.close()
    _, client = open_index(
        DATASET, static, tmp_path / "index", progress=lambda stage, *_: stages.append(stage)
    )
    assert stages
    assert client.count(COLLECTION).count == len(WORDS)
    client.close()


def test_storage_that_another_process_holds_is_refused(static, tmp_path):
    _, client = open_index(DATASET, static, tmp_path / "index", progress=silent)
    with pytest.raises(CollectionError, match="in use by another process"):
        open_index(DATASET, static, tmp_path / "index", progress=silent)
    client.close()


def test_systems_are_named_by_their_similarity_and_each_stands_once():
    assert [system.name for system in parse_systems(["cosine", " document_power=0.50"])] == [
        "cosine",
        "document_power=0.5",
    ]
    with pytest.raises(BenchmarkError, match="'cosine' is named twice"):
        parse_systems(["cosine", "dot", "document_power=0"])
    with pytest.raises(BenchmarkError, match="No system was named"):
        parse_systems([])
    with pytest.raises(QueryError, match="No similarity is named"):
        parse_systems([""])

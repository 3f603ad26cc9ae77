from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from norm_aware.benchmark.collect import collect
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.llms.chat import Reply
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.llms.usage import Usage
from norm_aware.benchmark.rows import Rows
from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.ranker import Ranker, ranking_fingerprint
from norm_aware.benchmark.systems.system import parse_systems
from norm_aware.errors import BenchmarkError, LLMError, ModelStartError

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

    concurrency = 1

    def __init__(self, failing: str | None = None, fingerprint: str = "speaker") -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.failing = failing
        self.fingerprint = fingerprint

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def reply(self, question, contexts, *, prompt, repeat=0):
        self.prompt = prompt
        text = self.answer(question, contexts)
        return Reply(f"{text} ({repeat})" if repeat else text, Usage(1, 20, 4, 0.5), seconds=0.25)

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


def run(index, embedding, rows: Rows, llm, systems=SYSTEMS, context_k=2, **options):
    systems = [replace(system, context_k=context_k) for system in systems] if context_k else systems
    return collect(
        systems,
        DATASET.queries,
        retrieving=rankers(index, systems),
        embed=embedding.embed_queries,
        llm=llm,
        rows=rows,
        progress=silent,
        **options,
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
        assert row["answer_seconds"] == 0.25
        assert row["seconds"] == pytest.approx(row["retrieval_seconds"] + 0.25)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert {(line["system"], line["query_id"]): line for line in lines} == found


def test_systems_with_the_same_contexts_in_the_same_order_share_one_answer(index, static, tmp_path):
    llm = Speaker()
    found = run(index, static, Rows(tmp_path / "run.jsonl"), llm)
    contexts = {(query, tuple(d["id"] for d in row["documents"][:2])) for (_, query), row in found.items()}
    assert len(llm.asked) == len(contexts) < len(found)


def test_what_was_paid_adds_up_whoever_shares_it(index, static, tmp_path):
    llm = Speaker()
    found = run(index, static, Rows(tmp_path / "run.jsonl"), llm)
    assert sum(row["usage"]["calls"] for row in found.values()) == len(llm.asked)
    for row in found.values():
        paid = {"calls": 1, "prompt_tokens": 20, "completion_tokens": 4, "cost": 0.5}
        nothing = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": None}
        assert row["usage"] == (nothing if row["shared"] else paid)
    assert any(row["shared"] for (system, _), row in found.items() if system == "dot")
    assert not any(row["shared"] for (system, _), row in found.items() if system == "cosine")


def test_a_killed_run_goes_on_without_asking_again(index, static, tmp_path):
    path = tmp_path / "run.jsonl"
    whole = run(index, static, Rows(path), Speaker())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:9]) + lines[9][:20])
    llm = Speaker()
    again = run(index, static, Rows(path), llm)
    timed = ("retrieval_seconds", "seconds")
    for key, row in again.items():
        for name in set(row) - set(timed):
            assert row[name] == whole[key][name]
    assert len(path.read_text().splitlines()) == len(lines)
    assert llm.asked == []  # answers were written down before the rows


def test_without_the_answers_a_killed_run_asks_for_what_its_rows_lack(index, static, tmp_path):
    path = tmp_path / "run.jsonl"
    run(index, static, Rows(path), Speaker())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:9]))
    (tmp_path / "answers.jsonl").unlink()
    llm = Speaker()
    run(index, static, Rows(path), llm)
    assert 0 < len(llm.asked) <= len(lines) - 9


def test_a_finished_run_embeds_retrieves_and_asks_nothing(index, static, tmp_path):
    rows = Rows(tmp_path / "run.jsonl")
    whole = run(index, static, rows, Speaker())

    def never(*_):
        raise AssertionError

    again = collect(
        [replace(system, context_k=2) for system in SYSTEMS],
        DATASET.queries,
        retrieving={
            name: _Never(ranker.fingerprint, never) for name, ranker in rankers(index, SYSTEMS).items()
        },
        embed=never,
        llm=Speaker(),
        rows=rows,
        progress=silent,
    )
    assert again == whole


class _Never:
    def __init__(self, fingerprint, retrieve):
        self.fingerprint, self.retrieve = fingerprint, retrieve


def test_a_system_that_changed_pays_for_itself_alone(index, static, tmp_path):
    rows = Rows(tmp_path / "run.jsonl")
    systems = [replace(system, context_k=2) for system in SYSTEMS]
    before = run(index, static, rows, Speaker(), systems, None)
    llm = Speaker()
    changed = [systems[0], replace(systems[1], prompt=Prompt(system="Be brief."))]
    after = run(index, static, rows, llm, changed, None)
    assert len(llm.asked) == len(DATASET.queries)
    assert llm.prompt.system == "Be brief."
    for query in DATASET.queries:
        assert after["cosine", query.id] == before["cosine", query.id]
        assert after["dot", query.id]["shared"] is False
    llm = Speaker()
    deeper = run(index, static, rows, llm, [systems[0], replace(systems[1], context_k=5)], None)
    assert {len(contexts) for _, contexts in llm.asked} == {5}
    assert len(llm.asked) == len(DATASET.queries)
    llm = Speaker()
    back = run(index, static, rows, llm, systems, None)  # what was said before is known still
    assert llm.asked == []
    assert [row["answer"] for row in back.values()] == [row["answer"] for row in before.values()]
    assert [row["answer"] for row in deeper.values()] != []


def test_each_system_is_answered_by_the_model_it_names(index, static, tmp_path):
    large, small = Speaker(fingerprint="large"), Speaker(fingerprint="small")
    systems = [SYSTEMS[0], replace(SYSTEMS[1], llm="small")]
    models = {"large": large, "small": small}
    found = run(index, static, Rows(tmp_path / "run.jsonl"), None, systems, llms=models)
    assert (len(large.asked), len(small.asked)) == (8, 8)
    assert not any(row["shared"] for row in found.values())
    wrong = [SYSTEMS[0], replace(SYSTEMS[1], llm="tiny")]
    with pytest.raises(BenchmarkError, match="'dot' is answered by 'tiny'.*'large', 'small'; name one"):
        run(index, static, Rows(tmp_path / "run.jsonl"), None, wrong, llms=models)


def test_further_answers_are_asked_for_once_and_only_where_they_are_wanted(index, static, tmp_path):
    rows = Rows(tmp_path / "run.jsonl")
    llm = Speaker()
    plain = run(index, static, rows, llm)
    asked = len(llm.asked)
    assert not any("repeats" in row for row in plain.values())
    repeated = run(index, static, rows, llm, answer_repeats=2)
    assert len(llm.asked) == 3 * asked  # the first answers are known
    for key, row in repeated.items():
        assert row["answer"] == plain[key]["answer"]
        assert row["repeats"] == [f"{row['answer']} (1)", f"{row['answer']} (2)"]
        assert row["usage"]["calls"] == (0 if row["shared"] else 3)
    run(index, static, rows, llm, answer_repeats=2)
    run(index, static, rows, llm, answer_repeats=1)
    assert len(llm.asked) == 3 * asked


def test_rows_are_written_as_they_finish_and_say_the_same_whatever_the_order(index, static, tmp_path):
    class Uneven(Speaker):
        concurrency = 4

        async def reply(self, question, contexts, *, prompt, repeat=0):
            await asyncio.sleep(0.05 * ("rain" in question))
            return await super().reply(question, contexts, prompt=prompt, repeat=repeat)

    steady = run(
        index, static, Rows(tmp_path / "steady.jsonl"), Speaker(), answers=Rows(tmp_path / "a.jsonl")
    )
    uneven = run(index, static, Rows(tmp_path / "uneven.jsonl"), Uneven(), answers=Rows(tmp_path / "b.jsonl"))
    timed = {"retrieval_seconds", "seconds"}
    assert list(uneven) == list(steady)
    for key, row in uneven.items():
        assert {name: row[name] for name in set(row) - timed} == {
            name: steady[key][name] for name in set(row) - timed
        }


def test_a_model_that_cannot_start_ends_the_run_and_an_answer_that_fails_does_not(index, static, tmp_path):
    class Broken(Speaker):
        def answer(self, question, contexts):
            raise ModelStartError("too large for the memory")

    with pytest.raises(ModelStartError, match="too large"):
        run(index, static, Rows(tmp_path / "run.jsonl"), Broken())
    assert "answering" not in {thread.name for thread in threading.enumerate()}


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

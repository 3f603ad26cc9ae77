from __future__ import annotations

import json
from pathlib import Path

import pytest

from norm_aware.benchmark.datasets.beir import read_beir
from norm_aware.errors import DatasetError

CORPUS = [
    {"_id": "d1", "title": "T", "text": "one"},
    {"_id": "d2", "text": "two"},
    {"_id": 3, "text": "three"},
]
QUERIES = [
    {"_id": "q1", "text": "first?", "answers": ["a", "b"]},
    {"_id": "q2", "text": "second?", "answers": "c"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t1\nq1\t3\t0\nq2\td2\t1\n"


def write(folder: Path, corpus=CORPUS, queries=QUERIES, qrels: str | None = QRELS) -> Path:
    for name, lines in (("corpus", corpus), ("queries", queries)):
        text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    if qrels is not None:
        (folder / "qrels.tsv").write_text(qrels)
    return folder


def test_a_beir_folder_is_read_whole(tmp_path):
    dataset = read_beir(write(tmp_path))
    assert [document.content for document in dataset.documents] == ["T\none", "two", "three"]
    assert [(query.id, query.answers) for query in dataset.queries] == [("q1", ("a", "b")), ("q2", ("c",))]
    assert dataset.qrels["q1"] == {"d1": 2, "d2": 1, "3": 0}
    assert dataset.relevant("q1") == ("d1", "d2")


def test_qrels_may_lie_in_a_folder_of_splits(tmp_path):
    folder = write(tmp_path, qrels=None)
    (folder / "qrels").mkdir()
    (folder / "qrels" / "dev.tsv").write_text("q1\td1\t1\n")
    assert len(read_beir(folder).queries) == 1
    (folder / "qrels" / "test.tsv").write_text(QRELS)
    assert len(read_beir(folder).queries) == 2
    assert len(read_beir(folder, split="dev").queries) == 1
    with pytest.raises(DatasetError, match="neither qrels.tsv nor qrels/other.tsv; found are dev, test"):
        read_beir(folder, split="other")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"corpus": '{"_id": "d1", "text": "x"}\n{"_id": '}, r"corpus.jsonl, line 2: not valid JSON"),
        ({"corpus": "[1]\n"}, r"corpus.jsonl, line 1: a JSON object is needed, this is a list"),
        ({"corpus": ""}, r"corpus.jsonl is empty"),
        ({"corpus": [{"text": "x"}]}, r"corpus.jsonl, line 1: no '_id'"),
        ({"corpus": [{"_id": "d1"}]}, r"corpus.jsonl, line 1: 'text' is missing"),
        ({"corpus": [CORPUS[0], CORPUS[0]]}, r"line 2: '_id' 'd1' was used before"),
        ({"corpus": '{"_id": "d1", "text": "half \\ud83d"}\n'}, r"line 1: a lone surrogate at character 5"),
        ({"queries": [{"_id": "q1", "text": "  "}]}, r"queries.jsonl, line 1: query 'q1' has an empty text"),
        ({"queries": [{"_id": "q1", "text": "x", "answers": 3}]}, r"'answers' must be a string or a list"),
        ({"qrels": "q9\td1\t1\n"}, r"qrels.tsv, line 1: query 'q9' is not in queries.jsonl"),
        ({"qrels": "q1\td9\t1\n"}, r"qrels.tsv, line 1: document 'd9' is not in corpus.jsonl"),
        ({"qrels": "q1\td1\thigh\n"}, r"line 1: score 'high' is not a whole number"),
        ({"qrels": "q1 d1 1\n"}, r"line 1: 1 fields; query-id, corpus-id and score are needed"),
        ({"qrels": "q1\td1\t0\n"}, r"no query has a relevant document"),
    ],
)
def test_broken_input_is_refused_by_file_and_line(tmp_path, broken, message):
    with pytest.raises(DatasetError, match=message):
        read_beir(write(tmp_path, **broken))


def test_a_missing_folder_or_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match="There is no folder"):
        read_beir(tmp_path / "absent")
    with pytest.raises(DatasetError, match="corpus.jsonl is missing"):
        read_beir(tmp_path)


def test_text_that_is_not_utf_8_is_refused_by_its_file(tmp_path):
    folder = write(tmp_path)
    (folder / "corpus.jsonl").write_bytes(b'{"_id": "d1", "text": "\xff"}\n')
    with pytest.raises(DatasetError, match="corpus.jsonl: not UTF-8"):
        read_beir(folder)


def test_the_kind_of_a_question_is_read_from_it_or_its_metadata(tmp_path):
    queries = [
        {"_id": "q1", "text": "x", "metadata": {"type": "comparison", "hops": 2}},
        {"_id": "q2", "text": "x", "kind": "bridge", "metadata": {"type": "other"}},
        {"_id": "q3", "text": "x", "metadata": {"type": 3}},
        {"_id": "q4", "text": "x", "metadata": "bare"},
    ]
    qrels = "".join(f"q{i}\td1\t1\n" for i in range(1, 5))
    dataset = read_beir(write(tmp_path, queries=queries, qrels=qrels))
    assert [query.kind for query in dataset.queries] == ["comparison", "bridge", None, None]


def test_without_any_qrels_the_answered_questions_are_kept(tmp_path):
    queries = [*QUERIES, {"_id": "q3", "text": "unanswered?"}]
    dataset = read_beir(write(tmp_path, queries=queries, qrels=None))
    assert [query.id for query in dataset.queries] == ["q1", "q2"]
    assert dataset.fields() == {"answers": 2, "judgements": 0, "contexts": 0}


def test_without_qrels_and_without_answers_nothing_can_be_measured(tmp_path):
    queries = [{"_id": "q1", "text": "x"}]
    with pytest.raises(DatasetError, match="has neither qrels.tsv nor qrels/test.tsv"):
        read_beir(write(tmp_path, queries=queries, qrels=None))


@pytest.mark.parametrize("name", ["covidqa", "scifact", "medquad_liveqa", "stsb"])
def test_real_beir_folders_load(data, name):
    dataset = read_beir(data / name)
    assert dataset.name == name
    assert len(dataset.documents) > 1000
    assert len(dataset.queries) >= 90

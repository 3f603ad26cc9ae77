import csv
import json

import pytest

from norm_aware.benchmark.datasets import load
from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.errors import DatasetError
from tests.benchmark.datasets.test_beir import write
from tests.benchmark.datasets.test_table import PARIS, ROME, ROWS


def test_pydocs_loads_with_every_question_judged():
    dataset = load_dataset("pydocs")
    ids = {document.id for document in dataset.documents}
    assert len(dataset.queries) >= 80
    assert all(dataset.relevant(query.id) and query.answers for query in dataset.queries)
    assert all(document in ids for grades in dataset.qrels.values() for document in grades)


def test_a_folder_is_read_in_beirs_layout(tmp_path):
    assert load_dataset(write(tmp_path)).fields()["judgements"] == 2
    with pytest.raises(DatasetError, match=r"There is no folder .*ir_datasets:NAME or hf:NAME"):
        load_dataset(tmp_path / "absent")


def test_a_table_is_asked_of_the_corpus_it_is_given_with(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.md").write_text(f"{PARIS}\n{ROME}")
    with (tmp_path / "made.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    assert len(load_dataset(tmp_path / "made.csv").documents) == 2
    dataset = load_dataset(str(tmp_path / "made.csv"), corpus=tmp_path / "texts")
    assert [document.id for document in dataset.documents] == ["a.md"]
    assert dataset.relevant("q2") == ("a.md",)


@pytest.mark.parametrize("source", ["pydocs", "ir_datasets:beir/scifact/test", "folder"])
def test_a_corpus_beside_what_brings_its_own_is_refused(source, tmp_path):
    with pytest.raises(DatasetError, match="brings its own documents; leave --corpus out"):
        load_dataset(tmp_path if source == "folder" else source, corpus="pydocs")


def test_rows_of_python_are_a_dataset():
    dataset = load_dataset(ROWS)
    assert dataset.name == "list"
    assert dataset.fields() == {"answers": 2, "judgements": 2, "contexts": 2}
    with pytest.raises(DatasetError, match="row 2: no question"):
        load_dataset([*ROWS[:1], {"reference": "x"}])


def test_a_data_frame_is_refused_with_the_way_to_its_rows():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS)
    with pytest.raises(DatasetError, match=r'row 1: a str, where a mapping.*to_dict\("records"\)'):
        load_dataset(frame)
    assert load_dataset(frame.to_dict("records")) == load_dataset(ROWS)


def test_ragas_test_sets_load_alike_as_values_and_as_their_exports(tmp_path):
    load_ragas()
    from ragas.dataset_schema import EvaluationDataset, SingleTurnSample
    from ragas.testset.synthesizers.testset_schema import Testset

    rows = [{**row, "synthesizer_name": "single_hop"} for row in ROWS]
    testset = Testset.from_list([dict(row) for row in rows])
    expected = load_dataset(testset)
    assert expected.name == "testset"
    assert [query.kind for query in expected.queries] == ["single_hop", "single_hop"]
    assert [query.answers for query in expected.queries] == [("Paris",), ("Rome",)]
    testset.to_csv(tmp_path / "testset.csv")
    testset.to_jsonl(tmp_path / "testset.jsonl")
    assert load_dataset(tmp_path / "testset.csv") == load_dataset(tmp_path / "testset.jsonl") == expected
    evaluation = EvaluationDataset([SingleTurnSample(**row) for row in ROWS])
    assert load_dataset(evaluation).digest == expected.digest


def test_a_conversation_of_ragas_is_refused():
    load_ragas()
    from ragas.dataset_schema import EvaluationDataset, MultiTurnSample

    said = EvaluationDataset([MultiTurnSample(user_input=[{"content": "hi", "type": "human"}])])
    with pytest.raises(DatasetError, match="conversations cannot be asked"):
        load_dataset(said)


def test_a_name_with_an_unknown_scheme_is_taken_for_a_folder():
    with pytest.raises(DatasetError, match="There is no folder 'kaggle:x'"):
        load_dataset("kaggle:x")


def test_every_kind_of_source_is_told_where_none_fits():
    for name in ("pydocs", "BEIR", ".csv", ".jsonl", "ir_datasets:", "hf:"):
        assert name in load._SOURCES


def load_ragas():
    from norm_aware.benchmark.metrics.ragas_judge_free import JudgeFreeMetrics

    JudgeFreeMetrics()  # as the benchmark does: ragas warns of its own on import


def test_a_line_of_json_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "made.jsonl"
    path.write_text("\ufeff" + json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    assert len(load_dataset(path).queries) == 1

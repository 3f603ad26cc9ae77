"""Local folders in the layouts of the hub's datasets, read by the hub's own library."""

import json
import sys

import pytest

from norm_aware.benchmark.datasets.hugging_face import read_hugging_face
from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.errors import DatasetError, MissingExtraError

CORPUS = [{"_id": f"d{i}", "title": f"T{i}", "text": f"text {i}"} for i in range(3)]
QUERIES = [{"_id": "q1", "text": "first?"}, {"_id": "q2", "text": "second?"}, {"_id": "q3", "text": "third?"}]
GRADES = [
    {"query-id": "q1", "corpus-id": "d1", "score": 1.0},
    {"query-id": "q1", "corpus-id": "d2", "score": 2.0},
    {"query-id": "q2", "corpus-id": "d0", "score": 1.0},
    {"query-id": "q2", "corpus-id": "gone", "score": 1.0},
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Whatever the library keeps goes with the test."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return datasets


def mirror(folder, configurations):
    """A dataset's folder as the hub has it: {configuration: {split: rows}} as files, told by its card."""
    folder.mkdir(parents=True)
    card = ["---", "configs:"]
    for name, splits in configurations.items():
        card += [f"- config_name: {name}", "  data_files:"]
        for split, rows in splits.items():
            path = folder / name / f"{split}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            card += [f"  - split: {split}", f"    path: {name}/{split}.jsonl"]
    (folder / "README.md").write_text("\n".join([*card, "---", ""]))
    return folder


@pytest.mark.parametrize("judged", ["default", "qrels"])
def test_a_folder_like_mtebs_is_read_whole(tmp_path, judged):
    tables = {judged: {"test": GRADES}, "corpus": {"corpus": CORPUS}, "queries": {"queries": QUERIES}}
    dataset = load_dataset(f"hf:{mirror(tmp_path / 'scifact', tables)}")
    assert dataset.name == "scifact"
    assert [document.content for document in dataset.documents] == [f"T{i}\ntext {i}" for i in range(3)]
    assert dataset.qrels == {"q1": {"d1": 1, "d2": 2}, "q2": {"d0": 1}}
    assert dataset.dropped_judgements == 1
    with pytest.raises(DatasetError, match="brings its own documents"):
        load_dataset(f"hf:{tmp_path / 'scifact'}", corpus="pydocs")


def test_a_folder_like_beirs_has_its_judgements_beside_it(tmp_path):
    mirror(tmp_path / "nq", {"corpus": {"corpus": CORPUS}, "queries": {"queries": QUERIES}})
    mirror(tmp_path / "nq-qrels", {"default": {"train": GRADES[:1], "test": GRADES}})
    assert len(read_hugging_face(str(tmp_path / "nq")).queries) == 2
    assert len(read_hugging_face(str(tmp_path / "nq"), split="train").queries) == 1
    with pytest.raises(DatasetError, match=r"nq-qrels has no split 'dev'; it has train, test"):
        read_hugging_face(str(tmp_path / "nq"), split="dev")


def test_a_table_like_squads_becomes_a_collection_of_its_contexts(tmp_path):
    context = "The Louvre stands in Paris."
    rows = [
        {
            "id": f"s{i}",
            "title": "Louvre",
            "context": context,
            "question": f"Where {i}?",
            "answers": {"text": ["Paris"], "answer_start": [21]},
        }
        for i in range(2)
    ]
    folder = mirror(tmp_path / "squad", {"plain_text": {"train": rows[:1], "validation": rows}})
    dataset = load_dataset(f"hf:{folder}")
    assert [query.id for query in dataset.queries] == ["s0", "s1"]
    assert dataset.queries[0].answers == ("Paris",)
    assert [document.text for document in dataset.documents] == [context]
    assert dataset.relevant("s0") == dataset.relevant("s1")
    assert len(load_dataset(f"hf:{folder}", split="train").queries) == 1


def test_of_several_configurations_one_must_be_named(tmp_path):
    row = {"question": "x", "answer": "y", "context": "c"}
    folder = mirror(tmp_path / "hotpot", {"distractor": {"test": [row]}, "fullwiki": {"test": [row]}})
    with pytest.raises(DatasetError, match=r"the configurations distractor, fullwiki; name one, as in hf:"):
        read_hugging_face(str(folder))


def test_what_a_row_lacks_is_told_by_its_number(tmp_path):
    broken = [*CORPUS, {"_id": "d9", "title": "no text"}]
    tables = {"default": {"test": GRADES}, "corpus": {"corpus": broken}, "queries": {"queries": QUERIES}}
    with pytest.raises(DatasetError, match=r"corpus row 4: 'text' is missing"):
        read_hugging_face(str(mirror(tmp_path / "made", tables)))


def test_a_name_that_cannot_be_loaded_ends_in_one_line():
    with pytest.raises(DatasetError, match=r"^hf:nobody/nothing cannot be loaded.*Check the name") as caught:
        load_dataset("hf:nobody/nothing")
    assert "\n" not in str(caught.value)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[hubs\]"):
        load_dataset("hf:mteb/scifact")

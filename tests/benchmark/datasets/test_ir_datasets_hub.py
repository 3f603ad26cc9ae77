"""A dataset registered with ir_datasets over local files, read by the library itself."""

import sys

import pytest

from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.errors import DatasetError, MissingExtraError

NAME = "norm-aware-mirror"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Registers documents, queries and grades under a name, as long as the test runs."""
    library = pytest.importorskip("ir_datasets")
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    (tmp_path / "docs.tsv").write_text("d1\tThe Louvre stands in Paris.\nd2\tNothing.\n")
    (tmp_path / "queries.tsv").write_text("q1\twhere is the louvre\nq2\tunjudged\n")
    (tmp_path / "qrels").write_text("q1 0 d1 2\nq1 0 d2 0\nq1 0 gone 1\n")

    def register(name=NAME, **left_out):
        files = {
            "docs_tsv": str(tmp_path / "docs.tsv"),
            "queries_tsv": str(tmp_path / "queries.tsv"),
            "qrels_trec": str(tmp_path / "qrels"),
        }
        dataset = library.create_dataset(**{key: p for key, p in files.items() if key not in left_out})
        monkeypatch.setitem(library.registry._registered, name, dataset)
        return dataset

    return register


def test_a_registered_dataset_is_read_whole(mirror):
    mirror()
    dataset = load_dataset(f"ir_datasets:{NAME}")
    assert dataset.name == NAME
    assert [(d.id, d.content) for d in dataset.documents] == [
        ("d1", "The Louvre stands in Paris."),
        ("d2", "Nothing."),
    ]
    assert [(query.id, query.text) for query in dataset.queries] == [("q1", "where is the louvre")]
    assert dataset.qrels == {"q1": {"d1": 2, "d2": 0}}
    assert dataset.dropped_judgements == 1


def test_titles_are_kept_and_other_forms_say_themselves_what_is_shown(mirror, monkeypatch):
    from ir_datasets.datasets.beir import BeirTitleDoc
    from ir_datasets.formats import TrecDoc

    documents = [BeirTitleDoc("d1", "text", "Title"), TrecDoc("d2", "whole", "<x>")]
    monkeypatch.setattr(mirror(), "docs_iter", lambda: iter(documents), raising=False)
    dataset = load_dataset(f"ir_datasets:{NAME}")
    assert [(d.title, d.text) for d in dataset.documents] == [("Title", "text"), ("", "whole")]


def test_an_unknown_name_or_one_without_judgements_is_refused(mirror):
    mirror(qrels_trec=True)
    with pytest.raises(DatasetError, match=r"knows no 'nothing'; ir-datasets.com lists"):
        load_dataset("ir_datasets:nothing")
    with pytest.raises(DatasetError, match=rf"{NAME} has no qrels; take one of its subsets"):
        load_dataset(f"ir_datasets:{NAME}")


def test_what_fails_underneath_ends_in_one_line(mirror, tmp_path):
    mirror()
    (tmp_path / "docs.tsv").unlink()
    with pytest.raises(
        DatasetError, match=rf"^ir_datasets:{NAME} cannot be read: .*IR_DATASETS_HOME"
    ) as caught:
        load_dataset(f"ir_datasets:{NAME}")
    assert "\n" not in str(caught.value)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(MissingExtraError, match=r"norm-aware\[hubs\]"):
        load_dataset("ir_datasets:beir/scifact/test")

import pytest

from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.errors import DatasetError
from tests.benchmark.datasets.test_beir import write


def test_documents_to_index_come_from_any_of_the_known_places(tmp_path):
    (tmp_path / "beir").mkdir()
    write(tmp_path / "beir")
    (tmp_path / "texts" / "deep").mkdir(parents=True)
    (tmp_path / "texts" / "a.md").write_text("# A")
    (tmp_path / "texts" / "deep" / "b.txt").write_text("B")
    (tmp_path / "texts" / "c.bin").write_text("C")
    assert (
        len(read_documents(tmp_path / "beir")) == len(read_documents(tmp_path / "beir" / "corpus.jsonl")) == 3
    )
    assert [(d.id, d.text) for d in read_documents(tmp_path / "texts")] == [
        ("a.md", "# A"),
        ("deep/b.txt", "B"),
    ]
    with pytest.raises(DatasetError, match="no documents in"):
        read_documents(tmp_path / "nowhere")

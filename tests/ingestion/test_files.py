from __future__ import annotations

from pathlib import Path

import pytest

from norm_aware import IndexOptions, NormAwareVectorStore, bulk_index
from norm_aware.errors import QueryError
from norm_aware.ingestion.files import Files, part_ids
from norm_aware.ingestion.skipped import Skipped
from norm_aware.llamaindex.points import point_id

LONG = "\n\n".join(f"# Part {i}\n\n" + f"Sentence {i} is about the weather. " * 20 for i in range(4))


def read(folder: Path, chunk_size: int = 64) -> list:
    return [found.item for record in Files.find(folder, chunk_size=chunk_size).records() for found in record]


def test_a_short_file_is_one_document_under_its_path(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.txt").write_text("B")
    (tmp_path / "a.md").write_text("# A\n\ntext")
    (tmp_path / "c.pdf").write_text("C")
    (tmp_path / ".hidden.txt").write_text("D")
    assert [(node.node_id, node.text) for node in read(tmp_path)] == [
        ("a.md", "# A\n\ntext"),
        ("deep/b.txt", "B"),
    ]


def test_a_folder_under_a_hidden_one_is_read(tmp_path):
    (tmp_path / ".cache" / "texts").mkdir(parents=True)
    (tmp_path / ".cache" / "texts" / "a.txt").write_text("A")
    assert len(read(tmp_path / ".cache" / "texts")) == 1


@pytest.mark.parametrize("name", ["long.md", "long.txt"])
def test_a_long_file_is_cut_into_parts_that_lose_nothing_and_are_named_alike_each_time(tmp_path, name):
    (tmp_path / name).write_text(LONG)
    nodes = read(tmp_path)
    assert [node.node_id for node in nodes] == [f"{name}#{i}" for i in range(len(nodes))]
    assert len(nodes) > 4
    assert all(node.ref_doc_id == name for node in nodes)
    text = " ".join(node.text for node in nodes)
    assert set(LONG.split()) == set(text.split())
    assert [node.hash for node in read(tmp_path)] == [node.hash for node in nodes]
    assert not any("parts" in node.get_content("embed") for node in nodes)


def test_markdown_is_cut_at_its_headings(tmp_path):
    (tmp_path / "long.md").write_text(LONG)
    headings = [node.text for node in read(tmp_path) if node.text.startswith("# Part")]
    assert len(headings) == 4
    assert all(node.text.count("# Part") <= 1 for node in read(tmp_path))


def test_a_file_that_is_not_utf_8_is_left_out_by_its_name(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (item,) = read(tmp_path)
    assert isinstance(item, Skipped)
    assert item.reason == "bad encoding"
    assert item.where == str(tmp_path / "a.txt")
    assert "at byte 3" in item.detail


def test_a_folder_without_texts_or_that_is_not_there_has_no_files(tmp_path):
    assert Files.find(tmp_path, chunk_size=64).count() == 0
    assert Files.find(tmp_path / "nowhere", chunk_size=64).count() == 0


def test_a_chunk_size_too_small_to_hold_a_sentence_is_refused(tmp_path):
    with pytest.raises(QueryError, match="chunk_size is 3 tokens; at least 16"):
        Files.find(tmp_path, chunk_size=3)


def test_parts_of_an_earlier_version_of_a_file_are_gone_after_it_is_indexed_again(
    client, hash_embedding, tmp_path
):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    options = IndexOptions(chunk_size=64)
    long, kept = tmp_path / "long.md", tmp_path / "kept.txt"
    kept.write_text("It stays.")

    def stored(text: str) -> set[str]:
        long.write_text(text)
        bulk_index(tmp_path, store, options=options)
        return {str(point.id) for point in client.scroll("docs", limit=1000)[0]}

    def expected(text: str) -> set[str]:
        parts = len(read(tmp_path)) - 1
        return {point_id(name) for name in [*part_ids("long.md", parts), "kept.txt"]}

    cut_at_a_heading = LONG[: LONG.index("# Part 2")]
    for text in (LONG, cut_at_a_heading, "short", LONG):
        assert stored(text) == expected(text)
    assert len(stored(LONG)) > len(stored(cut_at_a_heading)) > len(stored("short")) == 2


def test_a_folder_is_read_alike_by_its_path_from_here_and_through_a_link(tmp_path, monkeypatch):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("A")
    (tmp_path / "link").symlink_to(tmp_path / "texts", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "texts", Path("texts"), Path("link"), Path("texts/../texts")):
        assert [(node.node_id, node.text) for node in read(folder)] == [("a.txt", "A")]

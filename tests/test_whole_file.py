from __future__ import annotations

import pytest

from norm_aware.whole_file import write_whole


@pytest.mark.parametrize("content", ["Grüße\n", b"\x00\xff"])
def test_what_was_written_is_read_back_and_nothing_else_is_left(tmp_path, content):
    path = tmp_path / "file"
    for _ in range(2):
        write_whole(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, "before")

    def full(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("norm_aware.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="full"):
        write_whole(path, "after")
    assert path.read_text() == "before"

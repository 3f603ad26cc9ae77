from __future__ import annotations

import pytest

from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError


def test_rows_written_are_the_rows_read(tmp_path):
    rows = Rows(tmp_path / "r.jsonl")
    assert list(rows.read()) == []
    rows.append({"a": 1})
    rows.append({"text": "zwei\nZeilen – ü"})
    assert list(Rows(tmp_path / "r.jsonl").read()) == [{"a": 1}, {"text": "zwei\nZeilen – ü"}]


@pytest.mark.parametrize("torn", ['{"a": 2', '{"text": "ü'.encode()[:-1].decode(errors="ignore"), "{"])
def test_a_line_torn_by_a_kill_is_cut_off_and_the_next_one_follows_the_last_whole_one(tmp_path, torn):
    path = tmp_path / "r.jsonl"
    path.write_text('{"a": 1}\n' + torn)
    rows = Rows(path)
    assert list(rows.read()) == [{"a": 1}]
    rows.append({"a": 3})
    assert list(rows.read()) == [{"a": 1}, {"a": 3}]


def test_a_broken_line_inside_the_file_is_refused_by_its_number(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"a": 1}\nnot json\n{"a": 3}\n')
    with pytest.raises(BenchmarkError, match=r"r.jsonl, line 2 is not valid JSON"):
        list(Rows(path).read())


def test_a_file_that_cannot_be_written_says_what_to_do(tmp_path):
    with pytest.raises(BenchmarkError, match=r"absent/r.jsonl cannot be written.*what was done is kept"):
        Rows(tmp_path / "absent" / "r.jsonl").append({"a": 1})

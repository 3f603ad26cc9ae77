import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.datasets.records import csv_rows, new_id, read_text, texts_field
from norm_aware.errors import DatasetError
from norm_aware.json_lines import json_lines


def test_a_record_says_in_which_file_and_line_it_stands(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    places = [where for where, _ in json_lines(tmp_path / "a.jsonl", hint="x")]
    assert places == [f"{tmp_path / 'a.jsonl'}, line 1", f"{tmp_path / 'a.jsonl'}, line 3"]
    (tmp_path / "a.csv").write_text('a,b\n"one\nline",2\n3,4\n')
    assert [where[-6:] for where, _ in csv_rows(tmp_path / "a.csv")] == ["line 3", "line 4"]


def test_cells_that_were_not_given_are_left_out_and_names_are_stripped(tmp_path):
    (tmp_path / "a.csv").write_text("a, b ,c\n1,,3\n4\n")
    assert [row for _, row in csv_rows(tmp_path / "a.csv")] == [{"a": "1", "c": "3"}, {"a": "4"}]


def test_a_tsv_file_has_tabs_between_its_cells(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\nx, y\tz\n")
    assert [row for _, row in csv_rows(tmp_path / "a.tsv")] == [{"a": "x, y", "b": "z"}]


def test_a_cell_may_be_longer_than_pythons_own_limit(tmp_path):
    (tmp_path / "a.csv").write_text(f"a\n{'x' * 200_000}\n")
    assert [len(row["a"]) for _, row in csv_rows(tmp_path / "a.csv")] == [200_000]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1))
def test_texts_come_back_from_a_line_of_json_as_they_are(texts):
    record = json.loads(json.dumps({"a": texts}))
    assert texts_field("x", record, "a") == tuple(texts)
    assert texts_field("x", record, "b") == ()


@pytest.mark.parametrize("key", [None, "", True, 1.5, ["a"]])
def test_an_id_is_a_word_or_a_whole_number(key):
    with pytest.raises(DatasetError, match="line 1: no '_id'"):
        new_id("line 1", key, {})
    assert new_id("line 1", 7, {}) == "7"


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfx")
    assert read_text(tmp_path / "a") == "x"

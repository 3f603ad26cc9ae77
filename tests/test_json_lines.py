import gzip

import pytest

from norm_aware.errors import DatasetError
from norm_aware.json_lines import json_lines


def test_what_a_layout_asks_for_is_told_where_its_file_is_missing(tmp_path):
    with pytest.raises(DatasetError, match=r"a.jsonl is missing; the layout has it\."):
        list(json_lines(tmp_path / "a.jsonl", hint="the layout has it"))


def test_a_gzipped_file_is_read_as_what_is_in_it(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'\xef\xbb\xbf{"a": 1}\n'))
    assert [record for _, record in json_lines(tmp_path / "a.jsonl.gz", hint="x")] == [{"a": 1}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_what_is_no_text_is_refused_by_name(tmp_path, name):
    content = b'{"a": "\xff"}\n'
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(DatasetError, match="not UTF-8 text"):
        list(json_lines(tmp_path / name, hint="x"))

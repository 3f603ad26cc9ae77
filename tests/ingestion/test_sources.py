from __future__ import annotations

import json
import subprocess
import sys

import pytest

from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.errors import DatasetError, MissingExtraError
from norm_aware.ingestion.skipped import Skipped
from norm_aware.ingestion.sources import open_source

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

ROWS = [
    {"_id": "a", "title": "A", "text": "one", "metadata": {"year": 1999}},
    {"_id": "b", "title": None, "text": "two", "metadata": None},
    {"_id": "c", "title": "C", "text": None, "metadata": None},
]


def read(source):
    opened = open_source(source, chunk_size=64)
    return opened, [found.item for found in opened]


def test_a_jsonl_and_a_parquet_file_of_the_same_rows_hold_the_same_documents(tmp_path):
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "c.parquet", row_group_size=2)
    for name in ("c.jsonl", "c.parquet"):
        opened, items = read(tmp_path / name)
        assert (opened.total, opened.read) == (3, 3)
        assert [(n.node_id, n.text, n.metadata) for n in items[:2]] == [
            ("a", "A\none", {"year": 1999}),
            ("b", "two", {}),
        ]
        assert items[2] == Skipped(items[2].where, "malformed", "'text' is missing or not a string")
        assert items[2].where.startswith(str(tmp_path / name))


def test_metadata_of_a_parquet_file_may_be_json_text(tmp_path):
    rows = [{"id": 1, "text": "x", "metadata": '{"a": 2}'}, {"id": 2, "text": "x", "metadata": "{"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")
    _, items = read(tmp_path / "c.parquet")
    assert (items[0].node_id, items[0].metadata) == ("1", {"a": 2})
    assert items[1].detail == "'metadata' is not JSON"


def test_a_file_that_is_no_parquet_or_lacks_a_column_is_refused_by_name(tmp_path):
    (tmp_path / "c.parquet").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"c\.parquet cannot be read as Parquet"):
        read(tmp_path / "c.parquet")
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "c.parquet")
    with pytest.raises(DatasetError, match="has the columns body; 'text' and '_id' or 'id' are needed"):
        read(tmp_path / "c.parquet")


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "c.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "norm-aware\[bulk\]"'):
        read(tmp_path / "c.parquet")


def test_reading_does_not_load_pyarrow_unless_it_is_needed():
    code = "import sys; from norm_aware.ingestion.sources import open_source; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_folder_of_shards_is_read_in_the_order_of_their_names(tmp_path):
    (tmp_path / "2.jsonl").write_text('{"id": "b", "text": "two"}\n')
    pq.write_table(pa.table({"id": ["a"], "text": ["one"]}), tmp_path / "1.parquet")
    opened, items = read(tmp_path)
    assert [node.node_id for node in items] == ["a", "b"]
    assert not opened.judged


def test_a_beir_folder_and_pydocs_hold_what_the_benchmark_reads(tmp_path, data):
    for source in ("pydocs", data / "covidqa"):
        opened, items = read(source)
        assert opened.judged
        assert [(n.node_id, n.text) for n in items] == [(d.id, d.content) for d in read_documents(source)]


def test_an_unknown_place_says_what_may_be_given(tmp_path):
    with pytest.raises(DatasetError, match=r"no documents in .*; give 'pydocs', a \.jsonl or \.parquet file"):
        read(tmp_path / "nowhere")

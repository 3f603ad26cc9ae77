import csv
import io
import json

import pytest

from norm_aware.benchmark.report.exports import COLUMNS, as_csv, export, write_export
from norm_aware.benchmark.report.render import render
from norm_aware.errors import BenchmarkError
from tests.benchmark.report.make_results import DOT


@pytest.fixture
def source(made, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(made))
    return path


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_a_row_per_system_question_and_measure(made):
    rows = read(as_csv(made))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 3 * len(made["queries"]) * len(made["measures"])
    for row in rows[:200]:
        query = next(q for q in made["queries"] if q["query_id"] == row["query_id"])
        value = query["systems"][row["system"]]["measures"][row["measure"]]
        assert row["value"] == ("" if value is None else str(value))
    assert {row["informative"] for row in rows if row["measure"] == "faithfulness"} == {"false"}


def test_a_row_without_a_value_says_why(results):
    query = results["queries"][0]
    query["systems"][DOT]["measures"] |= {"squad_f1": None, "answer_accuracy": None}
    results["failures"] = [
        {"system": DOT, "query_id": "q1", "measure": "answer", "reason": "timeout"},
        {"system": DOT, "query_id": "q1", "measure": "answer_accuracy", "reason": "no verdict"},
    ]
    rows = [row for row in read(as_csv(results)) if (row["system"], row["query_id"]) == (DOT, "q1")]
    reasons = {row["measure"]: row["reason"] for row in rows}
    assert (reasons["squad_f1"], reasons["answer_accuracy"]) == ("timeout", "no verdict")
    assert reasons["nDCG@10"] == ""


def test_the_json_is_the_results(made, source):
    assert json.loads(export(source, format="json")) == made


def test_the_html_is_the_report(made, source):
    assert export(source, format="html") == render(made)


@pytest.mark.parametrize(
    ("format", "name"), [("html", "report.html"), ("markdown", "report.md"), ("csv", "report.csv")]
)
def test_an_export_lies_beside_the_results_or_where_asked(source, tmp_path, format, name):  # noqa: A002
    text = export(source, format=format)
    assert write_export(source, format=format) == tmp_path / name
    assert (tmp_path / name).read_bytes().decode() == text
    assert write_export(source, tmp_path / "x", format=format).read_bytes().decode() == text


def test_an_unknown_format_is_refused_by_those_there_are(source):
    with pytest.raises(BenchmarkError, match="no format 'pdf'; choose one of html, markdown, csv, json"):
        write_export(source, format="pdf")


def test_half_a_surrogate_pair_is_written_as_a_question_mark(results, source):
    results["name"] = "half \ud800"
    source.write_text(json.dumps(results))
    assert "half ?" in write_export(source, format="markdown").read_text(encoding="utf-8")
    assert json.loads(write_export(source, format="json").read_text())["name"] == "half \ud800"

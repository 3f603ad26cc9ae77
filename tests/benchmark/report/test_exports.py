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


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\n"])
def test_no_text_of_the_csv_is_a_formula_and_numbers_are_as_they_were(results, start):
    query = results["queries"][0]
    query["query_id"] = f'{start}HYPERLINK("http://x")'
    query["systems"][DOT]["measures"] |= {"nDCG@10": -0.25, "squad_f1": None}
    reason = f"{start}1 failed"
    results["failures"] = [
        {"system": DOT, "query_id": query["query_id"], "measure": "squad_f1", "reason": reason}
    ]
    rows = [row for row in read(as_csv(results)) if row["query_id"] == f"'{query['query_id']}"]
    assert len(rows) == len(results["systems"]) * len(results["measures"])
    of_dot = {row["measure"]: row for row in rows if row["system"] == DOT}
    assert of_dot["nDCG@10"]["value"] == "-0.25"
    assert of_dot["squad_f1"]["reason"] == f"'{reason}"
    assert not any(cell.startswith(start) for row in rows for key, cell in row.items() if key != "value")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_a_line_end_in_a_text_of_the_csv_ends_no_row(results, end):
    rows = len(read(as_csv(results)))
    results["queries"][0]["query_id"] = f"one{end}two"
    found = read(as_csv(results))
    assert len(found) == rows
    assert found[0]["query_id"] == "one\ntwo"

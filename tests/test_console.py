from __future__ import annotations

import re

import pytest
from llama_index.core.schema import TextNode

from norm_aware.calibration.evidence import Arm, Evidence
from norm_aware.console import print_comparison, print_evidence, print_nodes, print_recall, progress_bars
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.qdrant.recall import Recall
from tests.benchmark.report.make_results import BASELINE, DOT, make_results

MARKUP = ["dot [exact]", "x[/y]", "a[bold]b", ":smile:", "[link=x]"]


def test_where_there_is_no_terminal_each_tenth_is_a_line_with_rate_and_time_left(capsys):
    with progress_bars() as progress:
        for done in range(101):
            progress("Embedding documents", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Embedding documents: 0 of 100"
    assert re.fullmatch(r"Embedding documents: 50 of 100 \([\d,.]+/s, \d+:\d\d:\d\d left\)", lines[5])
    assert len(lines) == 11


def test_a_comparison_is_printed_with_a_star_where_it_is_shown_and_withheld_where_its_judge_guesses(capsys):
    results = make_results()
    print_comparison(results)
    shown = capsys.readouterr().out
    row = next(r for r in results["comparisons"] if (r["candidate"], r["measure"]) == ("dot", "RR@10"))
    assert f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] *" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("│ faithfulness")]
    assert line.count("withheld") == 3
    assert "faithfulness is withheld: agreement .51" in shown
    assert f"{len(results['failures'])} calls failed" in shown


def test_a_comparison_without_an_interval_or_a_value_is_printed(capsys):
    results = make_results(queries=12)
    for row in results["comparisons"]:
        row |= {"low": None, "high": None, "p_adjusted": None}
    print_comparison(results)
    assert "factual_correctness" in capsys.readouterr().out


@pytest.mark.parametrize("name", MARKUP)
def test_names_of_a_comparison_are_shown_as_they_are(capsys, name):
    results = make_results(systems=(BASELINE, DOT), queries=12)
    results["systems"][name] = results["systems"].pop(DOT)
    for row in results["comparisons"]:
        row["candidate"] = name
    results["dataset"]["name"] = f"set {name}"
    results["measures"][name] = results["measures"]["RR@10"]
    print_comparison(results)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"set {name}: 12 queries" in shown
    assert shown.count(name) == 3  # in the title, as a system, as a measure


@pytest.mark.parametrize("name", MARKUP)
def test_names_of_other_tables_are_shown_as_they_are(capsys, name):
    node = TextNode(id_=f"id {name}", text=f"text {name}")
    print_nodes(
        [NodeWithNorms(node=node, score=1.0, dot=1.0, query_norm=1.0, document_norm=1.0)], similarity=name
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert all(part in shown for part in (f"by {name}", f"id {name}", f"text {name}"))
    print_recall([Recall(10, 1.0, 1.0, 1.0, 1.0)], similarity=name, queries=5, points=9)
    assert f"5 queries by {name}, 9 points" in " ".join(capsys.readouterr().out.split())
    arm = Arm(name, "", 0.5, 0.1, 0.0, 0.2, 0.04, 0.04, None)
    print_evidence(Evidence(arms=(arm,), decision=f"chosen: {name}"))
    assert capsys.readouterr().out.count(name) == 2

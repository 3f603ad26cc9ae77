from __future__ import annotations

import re

from norm_aware.console import print_comparison, progress_bars
from tests.benchmark.report.make_results import make_results


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

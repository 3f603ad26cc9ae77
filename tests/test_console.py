from __future__ import annotations

import re

from norm_aware.console import print_comparison, progress_bars
from tests.benchmark.comparison.made import make_run


def test_where_there_is_no_terminal_each_tenth_is_a_line_with_rate_and_time_left(capsys):
    with progress_bars() as progress:
        for done in range(101):
            progress("Embedding documents", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Embedding documents: 0 of 100"
    assert re.fullmatch(r"Embedding documents: 50 of 100 \([\d,.]+/s, \d+:\d\d:\d\d left\)", lines[5])
    assert len(lines) == 11


def test_a_difference_of_a_single_question_is_printed_without_an_interval(capsys):
    print_comparison(make_run(questions=1))
    shown = capsys.readouterr().out
    assert "+0.100" in shown
    assert "[+" not in shown


def test_a_star_stands_where_interval_and_adjusted_p_agree(capsys):
    print_comparison(make_run(gains={"better": 0.1, "same": 0.0}))
    shown = capsys.readouterr().out
    assert len(re.findall(r"\+0\.100 \[[^]]+\] \*", shown)) == 3
    assert len(re.findall(r"0\.000 \[[^]]+\]", shown)) == 3
    assert not re.search(r"0\.000 \[[^]]+\] \*", shown)

from __future__ import annotations

import re

from norm_aware.console import progress_bars


def test_where_there_is_no_terminal_each_tenth_is_a_line_with_rate_and_time_left(capsys):
    with progress_bars() as progress:
        for done in range(101):
            progress("Embedding documents", done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Embedding documents: 0 of 100"
    assert re.fullmatch(r"Embedding documents: 50 of 100 \([\d,.]+/s, \d+:\d\d:\d\d left\)", lines[5])
    assert len(lines) == 11

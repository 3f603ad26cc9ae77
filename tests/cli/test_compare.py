from __future__ import annotations

import json
import sys

import pytest

from norm_aware.benchmark.comparison.gate import GATE_FAILED
from norm_aware.cli import main
from tests.benchmark.comparison.made import make_run


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of two runs: `old/` and `new.json`, whose dot is better by 0.1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "results.json").write_text(json.dumps(make_run("old", gains={"dot": 0.1})))
    changed = make_run("new", gains={"dot": 0.2})
    changed["configuration"]["encoder"] = "another"
    (tmp_path / "new.json").write_text(json.dumps(changed))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["norm-aware", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_two_runs_are_compared_printed_and_written(run, tmp_path):
    code, out, _ = run("compare", "old", "new.json", "--out", "both.json")
    assert code == 0
    assert "+0.100" in out
    assert "differences from old/dot" in " ".join(out.split())
    assert 'encoder: "e" before, "another" after' in out
    written = json.loads((tmp_path / "both.json").read_text())
    assert {row["candidate"] for row in written["comparisons"]} == {"new/cosine", "new/dot"}


def test_a_measure_that_says_nothing_across_runs_is_named_as_left_out(run, tmp_path):
    for path in (tmp_path / "old" / "results.json", tmp_path / "new.json"):
        results = json.loads(path.read_text())
        results["measures"]["pairwise"] = {"kind": "judged", "description": "", "informative": True}
        path.write_text(json.dumps(results))
    code, out, _ = run("compare", "old", "new.json")
    assert code == 0
    assert "pairwise is left out: it compares answers with the baseline of their own run" in out


def test_systems_measures_margin_and_correction_are_chosen(run, tmp_path):
    code, _, _ = run(
        *("compare", "old", "new.json", "--baseline", "cosine", "--system", "dot", "--out", "x.json"),
        *("--measure", "nDCG@10", "--measure", "squad_f1", "--margin", "0.3", "--correction", "fdr"),
    )
    assert code == 0
    rows = json.loads((tmp_path / "x.json").read_text())["comparisons"]
    assert [row["measure"] for row in rows] == ["nDCG@10", "squad_f1"]
    assert {row["correction"] for row in rows} == {"fdr"}
    assert rows[0]["equivalence"]["margin"] == 0.3


@pytest.mark.parametrize(
    ("gates", "code", "line"),
    [
        (["nDCG@10 >= baseline - 0.01"], 0, "gate passed: dot: nDCG@10 >= baseline - 0.01"),
        (["nDCG@10 >= baseline", "nDCG@10 >= baseline + 0.2"], GATE_FAILED, "gate failed: dot: nDCG@10"),
    ],
)
def test_a_gate_ends_in_its_exit_code_and_one_line_each(run, gates, code, line):
    found, out, err = run("gate", "old", *(word for gate in gates for word in ("--gate", gate)))
    assert (found, err) == (code, "")
    assert len(out.splitlines()) == len(gates)
    assert line in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "old", "nowhere.json"), "There is no nowhere.json"),
        (("compare", "old", "new.json", "--correction", "none"), "'holm' or 'fdr' is needed"),
        (("compare", "old", "new.json", "--system", "bm25"), "no system 'bm25'"),
        (("gate", "old", "--gate", "good enough"), "is no gate"),
        (("gate", "old"), "--gate"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two_never_a_failed_gate(run, arguments, message):
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_a_comparison_that_cannot_be_written_says_where(run):
    code, _, err = run("compare", "old", "new.json", "--out", "absent/both.json")
    assert code == 2
    assert "absent" in err

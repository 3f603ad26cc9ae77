"""`norm-aware judge-check`, in a process of its own, against a judge behind a real HTTP server."""

import json
import os
import subprocess
import sys

import pytest

from norm_aware.benchmark.judging.kept import load_check
from norm_aware.cli.judging import print_check
from tests.benchmark.judging.fake_judge import FakeJudge, yes


def judge_check(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "norm_aware.cli", "judge-check", *arguments],
        cwd=cwd,
        env={**os.environ, "XDG_CACHE_HOME": str(cwd / "cache"), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judging")
    with FakeJudge(yes) as judge:
        arguments = ("--judge", "fake", "--judge-base-url", judge.base_url, "--repeats", "1")
        first = judge_check(*arguments, cwd=folder)
        asked = len(judge.asked)
        second = judge_check(*arguments, "--out", "again.json", cwd=folder)
        assert len(judge.asked) == asked  # kept, and found again
    return folder, first, second


def test_a_judge_that_says_yes_to_everything_is_found_out_and_that_is_no_error(ran):
    _, first, _ = ran
    assert first.returncode == 0, first.stderr
    assert "It says yes to everything: no judge." in first.stdout
    assert "faithfulness" in first.stdout
    assert "0.50 [0.4" in first.stdout


def test_the_check_is_written_as_json(ran):
    folder, first, second = ran
    check = load_check(folder / "judge-check.json")
    assert first.stdout.splitlines()[-1] == "judge-check.json"
    assert second.returncode == 0, second.stderr
    again = json.loads((folder / "again.json").read_text())
    assert again["tasks"] == check["tasks"]


@pytest.mark.parametrize("name", ["judge [q4]", "x[/y]"])
def test_names_are_shown_as_they_are(ran, capsys, name):
    check = load_check(ran[0] / "judge-check.json")
    task, metric = next(iter(check["tasks"].values())), next(iter(check["metrics"].values()))
    metrics = {name: {**metric, "tasks": [name]}}
    print_check({**check, "model": name, "tasks": {name: task}, "metrics": metrics})
    assert capsys.readouterr().out.count(name) == 4


def test_without_a_judge_it_says_what_to_give(tmp_path):
    found = judge_check(cwd=tmp_path)
    assert found.returncode == 2
    assert found.stderr.startswith("Error: No judge is named; give --judge")


def test_a_judge_that_cannot_be_reached_is_told_in_one_line(tmp_path):
    found = judge_check("--judge", "fake", "--judge-base-url", "http://127.0.0.1:9/v1", cwd=tmp_path)
    assert found.returncode == 2
    assert "could not be reached" in found.stderr.splitlines()[-1]

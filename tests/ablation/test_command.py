import json

import pytest
import typer
from typer.testing import CliRunner

from norm_aware.ablation.arm import PAPER
from norm_aware.ablation.markdown import markdown, summary
from norm_aware.ablation.report import render_page
from norm_aware.cli import app
from norm_aware.errors import TrainingError
from tests.ablation.test_run import pairs
from tests.training.worlds import static_base, write_judged, write_lines


@pytest.fixture
def given(tmp_path):
    trained = write_lines(
        tmp_path / "pairs.jsonl", [{"query": p.query, "document": p.document} for p in pairs()]
    )
    folder = write_judged(tmp_path / "words")
    return ["ablate", "--pairs", trained, "--evaluate", folder, "--out", str(tmp_path / "out")]


def test_the_command_trains_every_arm_and_leaves_results_and_a_page(given, tmp_path):
    done = CliRunner().invoke(
        app,
        [
            *(*given, "--base", static_base(tmp_path / "base"), "--arms", "cosine, dot+learn_scale"),
            *("--seeds", "3,4", "--symmetric", "words", "--held-out", "6", "--epochs", "1"),
            *("--batch-size", "8", "--learning-rate", "0.05", "--device", "cpu"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["arms"]) == {"cosine", "dot+learn_scale"}
    assert results["seeds"] == [3, 4]
    assert results["sets"]["words"]["symmetric"]
    assert done.stdout == (
        f"{summary(results)}\n{tmp_path / 'out' / 'report.md'}\n{tmp_path / 'out' / 'report.html'}\n"
    )
    assert (tmp_path / "out" / "report.md").read_text() == markdown(results)
    assert (tmp_path / "out" / "report.html").read_text() == render_page(results)


def test_the_arms_of_the_command_are_the_papers_unless_others_are_named():
    (arms,) = [p for p in typer.main.get_command(app).commands["ablate"].params if p.name == "arms"]
    assert arms.default == ",".join(PAPER)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["--seeds", "1,b"], "--seeds is '1,b'"),
        (["--arms", "euclidean"], "power family"),
        (["--in-domain", "letters"], "no set 'letters'"),
        (["--held-out", "1"], "at least 2"),
        (["--held-out", "5000"], "of 64 different queries"),
        (["--arms", "cosine,cosine+norm_head"], "cannot be trained"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(given, tmp_path, changed, words):
    with pytest.raises(TrainingError, match=words):
        CliRunner().invoke(app, [*given, *changed], catch_exceptions=False)
    assert not (tmp_path / "out").exists()

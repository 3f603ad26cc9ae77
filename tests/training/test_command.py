import json
from dataclasses import fields
from inspect import signature

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from typer.testing import CliRunner

from norm_aware.calibration.corpus import BANK
from norm_aware.cli import app
from norm_aware.cli.ablation import ablate
from norm_aware.cli.calibration import calibrate
from norm_aware.cli.training import train
from norm_aware.errors import TrainingError
from norm_aware.model_record import read_anti_hubness, read_similarity
from norm_aware.numeric.similarity import DOT
from norm_aware.training.options import TrainingOptions
from tests.training.worlds import pairs, static_base, write_judged, write_lines


def test_the_command_trains_measures_and_says_what_to_search_by(tmp_path):
    trained = write_lines(
        tmp_path / "pairs.jsonl", [{"query": p.query, "document": p.document} for p in pairs()]
    )
    judged = write_judged(tmp_path / "judged")
    done = CliRunner().invoke(
        app,
        [
            *("train", "--pairs", trained, "--base", static_base(tmp_path / "base"), "--similarity", "dot"),
            *("--out", str(tmp_path / "out"), "--evaluate", judged, "--epochs", "4"),
            *("--batch-size", "8", "--learning-rate", "0.05", "--evaluations", "2", "--device", "cpu"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    assert "nDCG@10 by own" in done.stdout
    assert "search it by dot" in done.stdout
    assert read_similarity(tmp_path / "out" / "model") == DOT


def test_a_frozen_encoder_learns_an_exponent_alone_and_the_command_says_it(tmp_path):
    trained = write_lines(
        tmp_path / "pairs.jsonl", [{"query": p.query, "document": p.document} for p in pairs()]
    )
    done = CliRunner().invoke(
        app,
        [
            *("train", "--pairs", trained, "--base", static_base(tmp_path / "base"), "--anti-hubness", "0.2"),
            *("--freeze", "--out", str(tmp_path / "out"), "--epochs", "1", "--batch-size", "8"),
            *("--spans", "50", "--match-scale", "--bf16", "--device", "cpu"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    gamma = read_anti_hubness(tmp_path / "out" / "model")
    assert f"search it by cosine with an anti-hubness norm of exponent {gamma:.3f}" in done.stdout
    assert done.stdout.rstrip().endswith("norm-aware calibrate with judged queries tries it")
    said = json.loads((tmp_path / "out" / "model" / "norm_aware.json").read_text())["training"]
    assert [said[name] for name in ("spans", "match_scale", "bf16")] == [50, True, True]
    words = ["a", "b c"]
    untouched, after = (SentenceTransformer(str(tmp_path / name)) for name in ("base", "out/model"))
    np.testing.assert_array_equal(untouched.encode(words), after.encode(words))


def test_patience_without_sets_is_refused(tmp_path):
    trained = write_lines(tmp_path / "pairs.jsonl", [{"query": "a", "document": "b"}] * 2)
    with pytest.raises(TrainingError, match="--evaluate"):
        CliRunner().invoke(
            app,
            ["train", "--pairs", trained, "--out", str(tmp_path), "--patience", "1"],
            catch_exceptions=False,
        )


def test_mining_a_guide_and_batches_by_source_reach_the_training(tmp_path):
    lines = [{"query": p.query, "document": p.document, "source": p.source} for p in pairs()]
    trained, base = write_lines(tmp_path / "pairs.jsonl", lines), static_base(tmp_path / "base")
    done = CliRunner().invoke(
        app,
        [
            *("train", "--pairs", trained, "--base", base, "--out", str(tmp_path / "out"), "--epochs", "1"),
            *("--hard-negatives", "1", "--guide", base, "--distillation", "0.5", "--by-source"),
            *("--device", "cpu"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    said = json.loads((tmp_path / "out" / "model" / "norm_aware.json").read_text())["training"]
    names = ("hard_negatives", "guide", "distillation", "by_source")
    assert [said[name] for name in names] == [1, base, 0.5, True]
    assert np.isfinite(SentenceTransformer(str(tmp_path / "out" / "model")).encode(["a"])).all()


def test_what_the_commands_take_by_default_is_the_trainings_default():
    of_options = {field.name: field.default for field in fields(TrainingOptions)}
    for command in (train, ablate):
        taken = {name: of.default for name, of in signature(command).parameters.items()}
        shared = taken.keys() & of_options.keys()
        assert {"epochs", "batch_size", "spans", "scale"} <= shared
        assert {name: taken[name] for name in shared} == {name: of_options[name] for name in shared}
    assert signature(calibrate).parameters["spans"].default == BANK

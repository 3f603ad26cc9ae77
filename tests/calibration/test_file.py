from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.evidence import Evidence
from norm_aware.calibration.relevance import RelevanceProbability
from norm_aware.errors import CalibrationError
from norm_aware.numeric.transform import Transform
from tests.calibration.kinds import BANK, DOCUMENTS, IDS, KINDS, QUERIES, kinds

EVERYTHING = replace(
    KINDS["everything"],
    probability=RelevanceProbability(np.zeros(5), np.eye(5), np.array([0.0, 2.0]), np.array([0.1, 0.7])),
    evidence=Evidence(choice="everything", decision="Kept für gut.", notes=("One.",), asked=("q1", "q2")),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return EVERYTHING.save(tmp_path / "calibration.safetensors")


@kinds
def test_every_kind_is_read_back_with_the_same_digest_and_scores(calibration, tmp_path):
    read = Calibration.load(calibration.save(tmp_path / "calibration"))
    assert read.digest == calibration.digest
    assert read.similarity == calibration.similarity
    assert (read.encoder, read.fingerprint) == ("encoder", "0123")
    assert read.is_cosine is calibration.is_cosine
    np.testing.assert_array_equal(
        read.scores(QUERIES, DOCUMENTS, ids=IDS), calibration.scores(QUERIES, DOCUMENTS, ids=IDS)
    )


def test_evidence_and_probability_are_read_back_whole(path):
    read = Calibration.load(path)
    assert read.evidence == EVERYTHING.evidence
    scores = EVERYTHING.scores(QUERIES, DOCUMENTS)
    queries = EVERYTHING.queries(QUERIES)
    np.testing.assert_array_equal(read.probability(queries, scores), EVERYTHING.probability(queries, scores))


@pytest.mark.parametrize("of", ["whitened", "normed"])
def test_a_fitted_calibration_is_read_back_whole(of, request, tmp_path):
    world, calibration = request.getfixturevalue(of)
    read = Calibration.load(calibration.save(tmp_path / "calibration"))
    assert read.evidence == calibration.evidence
    assert read.digest == calibration.digest
    documents, ids = world.corpus.embeddings, world.corpus.ids
    scores = calibration.scores(world.queries, documents, ids=ids)
    np.testing.assert_array_equal(read.scores(world.queries, documents, ids=ids), scores)
    queries = calibration.queries(world.queries)
    np.testing.assert_array_equal(read.probability(queries, scores), calibration.probability(queries, scores))


def test_a_file_with_any_byte_changed_is_refused(path):
    content = path.read_bytes()
    for position in np.random.default_rng(0).permutation(len(content))[:400]:
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(CalibrationError):
            Calibration.load(path)


def test_a_file_cut_off_anywhere_is_refused(path):
    content = path.read_bytes()
    for length in [*range(0, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(CalibrationError, match="cannot be read as a calibration"):
            Calibration.load(path)


def rewritten(path: Path, **changes: object) -> None:
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    record = json.loads(metadata["norm_aware_calibration"]) | changes
    save_file(tensors, path, metadata=metadata | {"norm_aware_calibration": json.dumps(record)})


def test_a_newer_version_asks_for_an_upgrade(path):
    rewritten(path, schema_version=2)
    with pytest.raises(CalibrationError, match="version 2; this norm-aware reads up to 1. Upgrade"):
        Calibration.load(path)


@pytest.mark.parametrize("changes", [{"similarity": "dot"}, {"encoder": "other"}, {"fingerprint": ""}])
def test_words_changed_by_hand_are_refused(path, changes):
    rewritten(path, **changes)
    with pytest.raises(CalibrationError, match="was changed since it was written; calibrate again"):
        Calibration.load(path)


def test_files_of_something_else_are_refused(tmp_path):
    text, weights, transform = (tmp_path / name for name in ("text", "weights", "transform"))
    text.write_text("query,answer\n")
    save_file({"weights": BANK}, weights)
    Transform.identity(3).save(transform)
    for path in (text, weights, transform):
        with pytest.raises(CalibrationError, match="cannot be read as a calibration"):
            Calibration.load(path)


def test_a_file_that_is_missing_says_how_to_make_one(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CalibrationError, match="There is no calibration .*`norm-aware calibrate --out"):
            Calibration.load(path)


def test_a_place_that_cannot_be_written_is_named_and_left_as_it_was(tmp_path):
    for path in (tmp_path / "none" / "calibration", tmp_path, ""):
        with pytest.raises(CalibrationError, match="cannot be written"):
            EVERYTHING.save(path)
    assert list(tmp_path.iterdir()) == []
    assert not tmp_path.with_name(tmp_path.name + ".partial").exists()


def test_writing_replaces_what_was_there_and_leaves_nothing_else(path):
    KINDS["cosine"].save(path)
    assert Calibration.load(path).is_cosine
    assert list(path.parent.iterdir()) == [path]


def test_reading_refuses_an_encoder_it_was_not_made_for(path):
    assert Calibration.load(path, encoder=("encoder", "0123")).digest == EVERYTHING.digest
    with pytest.raises(CalibrationError, match="Calibrate for this encoder"):
        Calibration.load(path, encoder=("encoder", "9999"))

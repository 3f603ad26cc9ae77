import numpy as np
import pytest

from norm_aware.diagnosis.direction_findings import (
    common_direction,
    effective_rank,
    gauge,
    hubs,
    negative_pairs,
    task_symmetry,
)
from norm_aware.diagnosis.evidence import Evidence

GENERATOR = np.random.default_rng(0)
CLOUD = 2 * GENERATOR.normal(size=(1000, 16))
QUERIES = GENERATOR.normal(size=(60, 16))


def evidence(documents, **given):
    nothing = {"queries": None, "judgements": None, "lengths": None, "seed": 0}
    return Evidence.of(documents, **(nothing | given))


def test_a_symmetric_task_is_told_to_keep_cosine_and_an_asymmetric_one_to_calibrate():
    alike = task_symmetry(evidence(CLOUD, queries=QUERIES))
    assert alike.value < 0.7
    assert "the task is symmetric" in alike.sentence
    assert "Keep cosine" in alike.advice
    apart = task_symmetry(evidence(CLOUD, queries=QUERIES + 2 * np.eye(16)[0]))
    assert apart.value > 0.7
    assert "the task is asymmetric" in apart.sentence
    assert "calibrate" in apart.advice


def test_a_common_direction_is_to_be_centred_away():
    assert "little in common" in common_direction(evidence(CLOUD)).sentence
    shifted = common_direction(evidence(CLOUD + 1))
    assert shifted.value > 0.1
    assert "own mean" in shifted.advice


def test_a_few_directions_that_outweigh_the_rest_are_named():
    rows = np.random.default_rng(1).normal(size=(500, 64))
    assert "no direction outweighs" in effective_rank(evidence(rows)).sentence
    steep = effective_rank(evidence(rows * 0.8 ** np.arange(64)))
    assert "outweigh the rest" in steep.sentence
    assert "whitening" in steep.advice


def test_hubs_are_told_from_chance():
    rows = np.random.default_rng(1).normal(size=(600, 100))
    assert "hubs are few" in hubs(evidence(rows)).sentence
    crowded = hubs(evidence(rows + 0.7))
    assert "some documents are hubs" in crowded.sentence
    assert "no other document" in crowded.sentence
    assert "no query" in hubs(evidence(CLOUD, queries=QUERIES)).sentence


def test_negative_pairs_are_those_of_the_judgements_where_there_are_any():
    judgements = [{query: 1} for query in range(60)]
    judged = negative_pairs(evidence(CLOUD, queries=QUERIES, judgements=judgements))
    assert "a document that is not relevant" in judged.sentence
    assert "as evenly as they can be" in judged.advice
    assert "two documents" in negative_pairs(evidence(CLOUD, queries=QUERIES)).sentence
    flat = negative_pairs(evidence(CLOUD * np.repeat([1.0, 0.1], [4, 12])))
    assert flat.value > 2 / 16
    assert "negative-variance loss" in flat.advice


def test_the_gauge_names_both_kinds_of_encoder():
    answer = gauge(evidence(CLOUD, queries=QUERIES))
    assert 0 < answer.value < 1
    assert f"{answer.value:.0%}" in answer.sentence
    assert "trained by dot" in answer.advice
    assert "trained by cosine" in answer.advice


def test_a_symmetric_task_needs_enough_queries_to_be_told():
    with pytest.raises(ValueError, match="5 queries and 1000 documents"):
        task_symmetry(evidence(CLOUD, queries=QUERIES[:5]))

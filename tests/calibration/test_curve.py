from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.curve import learning_curve
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.numeric.similarity import PowerSimilarity
from tests.calibration.worlds import World, noise, telling_norms

SPACE = (
    BASELINE,
    *(Candidate(similarity=PowerSimilarity(document_power=power)) for power in (-0.5, 0.25, 0.5)),
    Candidate(TransformChoice(-0.25, -0.25)),
)


def curve(world: World, *, folds: int = 5, seed: int = 0, space=SPACE):
    measurer = Measurer(world.corpus, world.queries, Judgements.of(world.grades, documents=len(world.corpus)))
    return learning_curve(measurer, space, np.arange(len(world.queries)) % folds, seed=seed)


@pytest.mark.parametrize(
    ("queries", "sizes"), [(9, []), (12, []), (13, [10]), (32, [10, 25]), (63, [10, 25, 50])]
)
def test_only_sizes_that_fit_beside_a_fold_left_out_are_tried(queries, sizes):
    assert [point.queries for point in curve(telling_norms(0, queries=queries))] == sizes


def test_the_spread_of_the_draws_holds_their_mean():
    for point in curve(noise(0, queries=60)):
        assert point.low <= point.difference <= point.high


def test_a_draw_fits_on_one_half_chooses_on_the_other_and_is_scored_on_a_fold_it_took_nothing_from():
    seen: list[tuple[int, Split]] = []

    class Watched(Measurer):
        def measure(self, candidates, splits):
            seen.extend((len(candidates), split) for split in splits)
            return super().measure(candidates, splits)

    corpus, queries, grades = telling_norms(0, queries=16)
    folds = np.arange(16) % 5
    measurer = Watched(corpus, queries, Judgements.of(grades, documents=len(corpus)))
    assert len(learning_curve(measurer, SPACE, folds)) == 1
    assert [count for count, _ in seen] == [len(SPACE), 2] * 4
    for (_, halves), (_, scored) in zip(seen[::2], seen[1::2], strict=True):
        assert len(halves.fit) == len(halves.test) == 5
        assert set(scored.fit) == {*halves.fit, *halves.test}
        assert len(set(scored.fit)) == 10
        (left_out,) = set(folds[scored.test])
        np.testing.assert_array_equal(scored.test, np.flatnonzero(folds == left_out))
        assert left_out not in folds[scored.fit]


def test_where_the_norm_tells_a_few_queries_are_enough():
    points = curve(telling_norms(0, queries=63))
    assert all(point.low > 0.1 for point in points[1:])
    assert points[-1].difference > 0.3


def test_where_nothing_helps_the_gain_stays_near_0():
    assert abs(np.mean([point.difference for s in range(4) for point in curve(noise(s, queries=63))])) < 0.03


def test_with_cosine_alone_to_choose_from_there_is_no_gain():
    assert {point.high for point in curve(telling_norms(0, queries=32), space=SPACE[:1])} == {0.0}


def test_the_seed_decides_the_draws():
    world = noise(0, queries=32)
    assert curve(world, seed=1) == curve(world, seed=1)
    assert curve(world, seed=1) != curve(world, seed=2)

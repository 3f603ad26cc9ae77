from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.candidates import BASELINE, Candidate, TransformChoice
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.calibration.ranking import NDCG
from norm_aware.calibration.selection import CrossFit, HeldOut
from norm_aware.numeric.similarity import PowerSimilarity
from tests.calibration.worlds import World, noise, telling_norms

POWERS = [Candidate(similarity=PowerSimilarity(document_power=p)) for p in (-0.5, -0.25, 0.25, 0.5)]
FREE = (BASELINE, *POWERS, Candidate(TransformChoice(-0.25)), Candidate(TransformChoice(-0.5), weight=0.5))
PAIRED = tuple(Candidate(TransformChoice(-0.25, p), weight=w) for p in (-0.25, -0.5) for w in (0.0, 0.25))
SPACE = (*FREE, *PAIRED, Candidate(similarity=None))
FOLDS = np.arange(40) % 4


def measurer(world: World) -> Measurer:
    judged = Judgements.of(world.grades, documents=len(world.corpus))
    return Measurer(world.corpus, world.queries, judged)


def fitted(world: World, space=SPACE, **options: object) -> CrossFit:
    return CrossFit(measurer(world), space, FOLDS, **options)


def guarded(found: CrossFit, candidates, world: World) -> HeldOut:
    plain = found.test([BASELINE] * 4, measurer(world))
    return found.guard(found.held_out(candidates, measurer(world)), candidates, plain)


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_largest_mean_gain_less_its_standard_error(seed):
    world = noise(seed)
    found = fitted(world, FREE)
    splits = [Split(np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)) for fold in range(4)]
    values = measurer(world).measure(FREE, splits)
    for without in (None, 0, 3):
        gains = (values - values[0])[:, np.full(40, True) if without is None else without != FOLDS]
        bounds = gains.mean(axis=1) - gains.std(axis=1, ddof=1) / np.sqrt(gains.shape[1])
        assert found.choose(FREE, without=without) == FREE[int(bounds.argmax())]


def test_a_tie_goes_to_the_first():
    twins = (BASELINE, *(Candidate(similarity=PowerSimilarity(query_power=p)) for p in (0.5, 1.0)))
    found = fitted(telling_norms(0, queries=40), twins)
    assert found.choose(twins) == BASELINE
    assert found.choose(twins[1:]) == twins[1]


@pytest.mark.parametrize("fold", range(4))
def test_the_judgements_of_a_fold_have_no_part_in_the_choice_for_it(fold):
    world = telling_norms(5, queries=40)
    generator = np.random.default_rng(fold)
    moved = [
        {int(generator.integers(100)): 1.0} if here else of
        for of, here in zip(world.grades, fold == FOLDS, strict=True)
    ]
    before, after = fitted(world), fitted(world._replace(grades=moved))
    for candidates in (SPACE, PAIRED, FREE, SPACE[-1:] + PAIRED):
        assert before.choose(candidates, without=fold) == after.choose(candidates, without=fold)
        for found in (
            [of.held_out(candidates, measurer(world)) for of in (before, after)],
            [guarded(of, candidates, world) for of in (before, after)],
        ):
            assert found[0].chosen[fold] == found[1].chosen[fold]
    # they do have a part in the fits that every other fold is scored with
    values = [
        fitted(of).held_out(PAIRED[:1], measurer(of)).values[fold != FOLDS]
        for of in (world, world._replace(grades=moved))
    ]
    assert (values[0] != values[1]).any()


@pytest.mark.parametrize("candidate", [SPACE[4], PAIRED[1], SPACE[-1]], ids=str)
def test_a_held_out_value_is_fitted_on_the_other_folds_alone(candidate):
    world = telling_norms(1, queries=40)
    judged = Judgements.of(world.grades, documents=len(world.corpus))
    found = fitted(world, (BASELINE, candidate)).held_out([candidate], measurer(world))
    assert found.chosen == (candidate,) * 4
    for fold in range(4):
        fit, test = np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)
        calibration = Fitter(world.corpus).calibration(candidate, world.queries[fit], judged.take(fit))
        scores = calibration.scores(world.queries[test], world.corpus.embeddings, ids=world.corpus.ids)
        expected = NDCG(judged.take(test)).values(scores)
        np.testing.assert_allclose(found.values[test], expected, atol=1e-12)


def test_what_is_chosen_for_a_fold_is_what_it_is_scored_with():
    world = noise(4)
    found = fitted(world, FREE)
    held = found.held_out(FREE, measurer(world))
    assert len(set(held.chosen)) > 1
    for fold, chosen in enumerate(held.chosen):
        alone = found.held_out([chosen], measurer(world)).values
        np.testing.assert_array_equal(held.values[fold == FOLDS], alone[fold == FOLDS])


def test_the_guard_keeps_cosine_where_the_other_folds_prove_nothing():
    free = kept = 0
    for seed in range(10):
        world = noise(seed)
        found = fitted(world, FREE)
        plain = found.test([BASELINE] * 4, measurer(world))
        held, safe = found.held_out(FREE, measurer(world)), guarded(found, FREE, world)
        free += sum(choice == BASELINE for choice in held.chosen)
        kept += sum(choice == BASELINE for choice in safe.chosen)
        for fold, choice in enumerate(safe.chosen):
            assert choice in (BASELINE, held.chosen[fold])
            expected = plain if choice == BASELINE else held.values
            np.testing.assert_array_equal(safe.values[fold == FOLDS], expected[fold == FOLDS])
    assert free < 30
    assert kept >= 36


@pytest.mark.parametrize("seed", range(8))
def test_the_guard_asks_the_other_folds_each_by_a_choice_that_did_not_look_at_it(seed):
    world = noise(seed)
    found = fitted(world, FREE)
    splits = [Split(np.flatnonzero(fold != FOLDS), np.flatnonzero(fold == FOLDS)) for fold in range(4)]
    values = measurer(world).measure(FREE, splits)
    for fold, choice in enumerate(guarded(found, FREE, world).chosen):
        gains = []
        for other in {0, 1, 2, 3} - {fold}:
            row = FREE.index(found.choose(FREE, without=fold, unseen=other))
            gains.append((values[row] - values[0])[other == FOLDS])
        gain = np.concatenate(gains)
        is_proved = gain.mean() > 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
        assert choice == (found.choose(FREE, without=fold) if is_proved else BASELINE)


def test_a_choice_does_not_look_at_the_values_of_a_fold_unseen():
    world = noise(2)
    moved = [
        {int(d): 1.0} if here else of
        for d, of, here in zip(np.arange(40), world.grades, FOLDS == 1, strict=True)
    ]
    before, after = (fitted(of, FREE) for of in (world, world._replace(grades=moved)))
    for without in (0, 2, 3, None):
        assert before.choose(FREE, without=without, unseen=1) == after.choose(FREE, without=without, unseen=1)


def test_the_guard_lets_a_plain_gain_through():
    world = telling_norms(0, queries=40)
    found = fitted(world)
    assert guarded(found, SPACE, world).chosen == (POWERS[-1],) * 4
    assert guarded(found, SPACE, world).values.mean() > 0.99


def test_queries_that_belong_together_prove_less_than_as_many_that_do_not():
    proved = {True: 0, False: 0}
    for seed in range(20):
        corpus, queries, grades = noise(seed, queries=10)
        same = np.tile(np.arange(10), 4)  # each query four times, in one fold
        world = World(corpus, queries[same], [grades[i] for i in same])
        folds = same % 4
        for together in proved:
            found = CrossFit(measurer(world), FREE, folds, groups=same if together else None)
            plain = found.test([BASELINE] * 4, measurer(world))
            safe = found.guard(found.held_out(FREE, measurer(world)), FREE, plain)
            proved[together] += sum(choice != BASELINE for choice in safe.chosen)
    assert proved[True] < proved[False] / 2


def test_as_few_queries_as_folds_can_be_chosen_from():
    world = telling_norms(0, queries=3)
    found = CrossFit(measurer(world), SPACE, np.arange(3))
    assert found.choose(SPACE, without=0, unseen=1) in SPACE
    held = found.held_out(SPACE, measurer(world))
    assert np.isfinite(found.guard(held, SPACE, np.zeros(3)).values).all()


def test_a_choice_looks_at_the_queries_asked_for_and_fits_on_all():
    world = telling_norms(1, queries=40)
    asked = np.flatnonzero(np.arange(40) % 3 > 0)
    moved = [of if query in asked else {query: 1.0} for query, of in enumerate(world.grades)]
    free = [
        CrossFit(measurer(world._replace(grades=g)), FREE, FOLDS, asked=asked) for g in (world.grades, moved)
    ]
    for without in (None, 0, 1, 2, 3):
        assert free[0].choose(FREE, without=without) == free[1].choose(FREE, without=without)
    part, whole = (CrossFit(measurer(world), SPACE, FOLDS, asked=of) for of in (asked, None))
    for candidate in SPACE:
        np.testing.assert_array_equal(
            part.held_out([candidate], measurer(world)).values,
            whole.held_out([candidate], measurer(world)).values,
        )
    assert CrossFit(measurer(world), SPACE, FOLDS, asked=np.arange(40)).choose(SPACE) == whole.choose(SPACE)

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.datasets.beir import read_beir
from norm_aware.calibration.calibrate import CalibrationOptions, calibrate
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.candidates import as_trained, control_arms
from norm_aware.calibration.corpus import Corpus
from norm_aware.calibration.evidence import (
    AS_TRAINED,
    CALIBRATED,
    LENGTH,
    LENGTH_FOR_NORM,
    SHUFFLED_FOR_NORM,
    UNGUARDED,
    WHITENING,
    WITHOUT_NORM,
)
from norm_aware.calibration.hubness import AntiHubness
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.ranking import NDCG
from norm_aware.llamaindex.corpus import embed_corpus
from norm_aware.numeric.similarity import COSINE, PowerSimilarity
from tests.calibration.worlds import APART, World, loud_directions, noise, telling_norms

BRIEF = CalibrationOptions(controls=False)
ROWS, ASKED, GRADES = (noise(0).corpus.embeddings, *noise(0)[1:])


def ndcg(calibration: Calibration, world: World) -> np.ndarray:
    corpus = world.corpus
    scores = calibration.scores(world.queries, corpus.embeddings, ids=corpus.ids)
    return NDCG(Judgements.of(world.grades, documents=len(corpus))).values(scores)


def cosine_of(world: World) -> np.ndarray:
    return ndcg(Calibration.cosine(("", ""), dimension=world.corpus.dimension), world)


def test_whitening_is_found_and_proved_where_it_helps(whitened):
    found = whitened.calibration
    assert found.evidence.decision.startswith("Calibrated to whitened")
    assert found.evidence.arm(CALIBRATED).low > 0.2
    assert not found.transform.is_identity
    assert any("The raw norm has no part in the choice" in note for note in found.evidence.notes)


@pytest.mark.parametrize("power", [0.5, -0.5])
def test_the_norm_is_found_with_its_sign_where_it_tells(power):
    found = calibrate(*telling_norms(2, power=power), options=BRIEF)
    assert found.similarity == PowerSimilarity(document_power=power)
    assert found.evidence.arm(CALIBRATED).difference > 0.2


def test_a_proved_gain_holds_on_queries_that_were_never_there():
    corpus, queries, grades = telling_norms(4, queries=120)
    found = calibrate(corpus, queries[:60], grades[:60], options=BRIEF)
    new = World(corpus, queries[60:], grades[60:])
    gain = (ndcg(found, new) - cosine_of(new)).mean()
    assert gain == pytest.approx(found.evidence.arm(CALIBRATED).difference, abs=0.1)


def test_the_evidence_holds_every_arm_beside_cosine(normed):
    names = [arm.name for arm in normed.calibration.evidence.arms]
    swapped = [UNGUARDED, WITHOUT_NORM, LENGTH_FOR_NORM, SHUFFLED_FOR_NORM]
    assert names == ["cosine", CALIBRATED, *swapped, *control_arms()]
    assert {"dot", "norm alone", LENGTH, "shuffled norm alone", WHITENING} < set(names)
    over = {contrast.over for contrast in normed.calibration.evidence.contrasts}
    assert over == {WHITENING, LENGTH, WITHOUT_NORM, LENGTH_FOR_NORM, SHUFFLED_FOR_NORM}


def test_arms_are_what_they_say_on_the_queries_given(normed):
    world, evidence = normed.world, normed.calibration.evidence
    assert evidence.arm("cosine").mean == pytest.approx(cosine_of(world).mean())
    dot = Calibration("", "", normed.calibration.transform, PowerSimilarity(0, 1))
    assert evidence.arm("dot").mean == pytest.approx(ndcg(dot, world).mean())
    assert evidence.arm("norm alone").mean > 0.95
    assert evidence.arm("shuffled norm alone").difference <= 0.02
    assert evidence.arm(LENGTH).difference <= 0.02
    assert evidence.arm(SHUFFLED_FOR_NORM).difference < 0


def test_the_probability_is_that_of_the_scores_it_gives(normed):
    # every held-out pair counted, and the choice is not fitted: probabilities sum to the relevant pairs
    found, (corpus, queries, grades) = normed.calibration, normed.world
    scores = found.scores(queries, corpus.embeddings, ids=corpus.ids)
    total = found.probability(found.queries(queries), scores).sum()
    assert total == pytest.approx(sum(map(len, grades)), rel=1e-4)


def test_a_norm_that_length_cannot_replace_is_said_to_be_its_own(normed):
    assert any("text length does not replace it" in note for note in normed.calibration.evidence.notes)


def test_a_norm_that_is_a_copy_of_text_length_is_named_as_length_in_disguise():
    corpus, queries, grades = telling_norms(0)
    copied = Corpus(corpus.embeddings, lengths=100 * corpus.norms)
    found = calibrate(copied, queries, grades, options=BRIEF)
    assert found.similarity == PowerSimilarity(document_power=0.5)
    assert any("may be text length in disguise: ahead of" in note for note in found.evidence.notes)


def test_without_lengths_no_arm_speaks_for_them_and_the_note_says_so():
    corpus, queries, grades = telling_norms(0)
    found = calibrate(Corpus(corpus.embeddings), queries, grades)
    names = {arm.name for arm in found.evidence.arms}
    assert names.isdisjoint({LENGTH, LENGTH_FOR_NORM})
    assert SHUFFLED_FOR_NORM in names
    assert any("the lengths of the texts were not given" in note for note in found.evidence.notes)


def test_where_nothing_helps_cosine_is_kept_and_the_reason_given():
    found = calibrate(*noise(0), options=BRIEF)
    assert found.is_cosine
    assert found.evidence.choice == "cosine"
    assert found.evidence.decision.startswith("Cosine is kept: ")
    assert "the held-out gain on 40 queries is" in found.evidence.decision
    assert found.evidence.notes[0].startswith("40 judged queries are few")
    assert not any("raw norm" in note for note in found.evidence.notes)


def test_a_norm_that_was_trained_is_chosen_where_it_is_proved_and_has_an_arm_of_its_own():
    world = telling_norms(2, power=1.0)
    found = calibrate(*world, trained=as_trained("dot", gamma=0.05))
    arm = found.evidence.arm(AS_TRAINED)
    own = Calibration(
        "",
        "",
        found.transform,
        PowerSimilarity(0, 1),
        AntiHubness(found.transform, world.corpus.pseudo_queries, 0.05),
    )
    assert found.transform.is_identity
    assert arm.mean == pytest.approx(ndcg(own, world).mean())
    assert calibrate(*world, trained=as_trained("dot"), options=BRIEF).similarity == PowerSimilarity(0, 1)


def test_a_norm_that_was_trained_and_helps_nothing_leaves_cosine():
    found = calibrate(*noise(0), trained=as_trained("dot", gamma=0.3))
    assert found.is_cosine
    assert found.evidence.arm(AS_TRAINED).low <= 0


def test_random_judgements_hardly_ever_pass_for_a_gain():
    found = [calibrate(*noise(seed), options=BRIEF) for seed in range(12)]
    assert sum(not calibration.is_cosine for calibration in found) <= 1
    gains = [calibration.evidence.arm(CALIBRATED).difference for calibration in found]
    assert abs(np.mean(gains)) < 0.01
    kept = [
        sum(calibration.evidence.arm(name).chosen == "cosine" for calibration in found)
        for name in (CALIBRATED, UNGUARDED)
    ]
    assert kept[0] > 8 > kept[1]  # of 12, with the guard and without


def test_judgements_dealt_to_other_queries_lose_what_whitening_gains(whitened):
    corpus, queries, grades = whitened.world
    order = np.roll(np.arange(len(queries)), 1)
    found = calibrate(corpus, queries, [grades[i] for i in order], options=BRIEF)
    assert found.is_cosine


def test_judgements_dealt_to_other_documents_lose_what_the_norm_gains(normed):
    corpus, queries, grades = normed.world
    other = np.random.default_rng(0).permutation(len(corpus))
    dealt = [{int(other[d]): grade for d, grade in of.items()} for of in grades]
    found = calibrate(corpus, queries, dealt, options=BRIEF)
    assert found.is_cosine


def test_the_same_seed_gives_the_same_calibration_and_evidence(normed):
    again = calibrate(*normed.world)
    assert again.digest == normed.calibration.digest
    assert again.evidence == normed.calibration.evidence


def test_another_seed_deals_other_folds():
    found = [
        calibrate(*noise(0), options=CalibrationOptions(controls=False, seed=seed)).evidence
        for seed in range(3)
    ]
    assert len({evidence.arm(UNGUARDED).mean for evidence in found}) > 1
    assert len({evidence.arm("cosine").mean for evidence in found}) == 1


def test_choices_are_made_on_a_sample_and_gains_measured_on_all_documents_and_queries():
    corpus, queries, grades = telling_norms(0)
    # every document has an unjudged copy that is a little longer, and no copy is in the sample
    world = World(Corpus(np.concatenate([corpus.embeddings, 1.01 * corpus.embeddings])), queries, grades)
    found = calibrate(*world, options=CalibrationOptions(controls=False, documents=2, queries=30))
    assert (found.evidence.documents, found.evidence.queries) == (200, 60)
    assert found.similarity == PowerSimilarity(document_power=0.5)
    for name in (CALIBRATED, UNGUARDED):
        arm = found.evidence.arm(name)
        assert arm.chosen == str(found)
        assert arm.mean == pytest.approx(ndcg(found, world).mean())
        assert arm.mean < 0.7


@pytest.mark.parametrize(
    ("apart", "queries", "symmetric", "expected"),
    [
        (0.0, 60, None, True),
        (APART, 60, None, False),
        (0.0, 29, None, False),  # too few to tell
        (0.0, 60, False, False),
        (APART, 60, True, True),
    ],
)
def test_a_task_whose_sides_are_or_are_said_to_be_alike_is_given_only_what_treats_them_alike(
    apart, queries, symmetric, expected
):
    options = CalibrationOptions(controls=False, symmetric=symmetric)
    found = calibrate(*telling_norms(0, apart=apart, queries=queries), options=options)
    assert (found.similarity == COSINE) is expected
    assert not (expected and (found.anti_hubness or found.hub_bias))
    assert any("The task is symmetric" in note for note in found.evidence.notes) is expected


def test_the_curve_is_measured_where_it_is_asked_for():
    world = telling_norms(0, queries=16)
    found = calibrate(*world, options=CalibrationOptions(controls=False, curve=True))
    assert [point.queries for point in found.evidence.curve] == [10]
    assert calibrate(*world, options=BRIEF).evidence.curve == ()


def test_cosine_at_its_ceiling_is_named():
    queries = ROWS[:40] + np.float32(0.01)
    found = calibrate(Corpus(ROWS), queries, [{i: 1.0} for i in range(40)], options=BRIEF)
    assert found.is_cosine
    assert any("already: a ceiling" in note for note in found.evidence.notes)


def test_the_evidence_names_the_data_and_the_queries():
    names = [f"q{i}" for i in range(40)]
    found = calibrate(*noise(0), query_ids=np.array(names), options=BRIEF)
    assert found.evidence.asked == tuple(names)
    assert not found.evidence.label_free
    other = [*GRADES[:-1], {(next(iter(GRADES[-1])) + 1) % 60: 1.0}]
    assert calibrate(*noise(0)[:2], other, options=BRIEF).evidence.data != found.evidence.data


def test_groups_stand_in_the_place_of_shared_documents():
    corpus, queries, _ = noise(7)
    shared = [{query // 2: 1.0} for query in range(40)]
    pairs = [("pair", query // 2) for query in range(40)]
    natural, given, alone = (
        calibrate(corpus, queries, shared, groups=groups, options=BRIEF).evidence
        for groups in (None, pairs, list(range(40)))
    )
    assert given == natural
    assert alone.arms != natural.arms


def test_progress_is_told_by_stage():
    told: list[tuple[str, int, int]] = []
    calibrate(*noise(0), options=BRIEF, progress=lambda *of: told.append(of))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == ["Searching", "Proving"]
    assert all(0 <= done <= total for _, done, total in told)


def test_constant_norms_leave_nothing_for_the_norm_to_gain():
    corpus, queries, grades = loud_directions(0)
    units = corpus.embeddings / corpus.norms[:, None]
    found = calibrate(Corpus(units), queries, grades)
    assert found.evidence.arm("norm alone").difference == pytest.approx(0, abs=1e-9)
    assert found.evidence.arm("dot").difference == pytest.approx(0, abs=1e-9)


def test_medical_questions_find_more_of_their_answers(static, data):
    dataset = read_beir(data / "medquad_liveqa")
    ids = [document.id for document in dataset.documents]
    texts = [document.content for document in dataset.documents]
    corpus = embed_corpus(ids, texts, static)
    position = {name: i for i, name in enumerate(ids)}
    grades = [
        {position[name]: float(grade) for name, grade in dataset.qrels[query.id].items()}
        for query in dataset.queries
    ]
    queries = static.embed_queries([query.text for query in dataset.queries])
    found = calibrate(corpus, queries, grades, options=CalibrationOptions(folds=3, controls=False))
    assert found.evidence.arm(CALIBRATED).low > 0
    assert not found.is_cosine

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import Corpus, PseudoQueries
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.label_free import GAMMA, WEIGHT, calibrate_label_free
from norm_aware.calibration.ranking import NDCG
from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.numeric.similarity import PowerSimilarity
from tests.calibration.worlds import World, loud_directions, noise


def asymmetric(world: World) -> World:
    """Queries and spans moved away from the documents, as questions are from passages."""
    corpus, queries, grades = world
    away = 20 * np.eye(corpus.dimension, dtype=np.float32)[-1]
    pseudo = corpus.pseudo_queries
    moved = PseudoQueries(pseudo.embeddings + away, pseudo.sources)
    return World(Corpus(corpus.embeddings, pseudo_queries=moved), queries + away, grades)


def spans_of(seed: int, *, power: float) -> Corpus:
    """Spans that mostly come from documents of a large norm, or of a small one."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(80, 6)) * generator.lognormal(0, 0.7, size=(80, 1))
    share = np.linalg.norm(rows, axis=1) ** power
    sources = generator.choice(80, 400, p=share / share.sum())
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    spans = unit[sources] + generator.normal(0, 0.35, size=(400, 6))
    return Corpus(rows, pseudo_queries=PseudoQueries(spans, tuple(map(str, sources))))


def ndcg(calibration: Calibration, world: World) -> float:
    corpus = world.corpus
    scores = calibration.scores(world.queries, corpus.embeddings, ids=corpus.ids)
    return float(NDCG(Judgements.of(world.grades, documents=len(corpus))).values(scores).mean())


def test_a_task_with_two_sides_alike_keeps_cosine_and_says_why():
    corpus, queries, _ = noise(0, apart=0.0)
    found = calibrate_label_free(corpus, queries)
    assert found.is_cosine
    assert found.evidence.decision.startswith("Cosine is kept: queries cannot be told from documents")
    assert "only cosine does" in found.evidence.decision
    assert found.evidence.choice == "cosine"


def test_it_finds_more_without_a_judgement_where_whitening_helps():
    world = asymmetric(loud_directions(0))
    found = calibrate_label_free(world.corpus, world.queries)
    cosine = Calibration.cosine(("", ""), dimension=world.corpus.dimension)
    assert ndcg(found, world) > ndcg(cosine, world) + 0.2
    assert found.evidence.choice.startswith("whitened -0.25")
    assert "No gain is proved by this; judge 50 queries" in found.evidence.decision
    assert found.evidence.label_free
    assert found.evidence.arms == ()
    assert found.probability is None


def test_spans_that_whitening_does_not_help_leave_directions_centred_only():
    corpus = spans_of(0, power=0.0)
    found = calibrate_label_free(corpus)
    assert found.evidence.choice.startswith("centred")
    np.testing.assert_array_equal(found.transform.matrix, np.eye(6))


@pytest.mark.parametrize(("power", "expected"), [(4.0, 0.25), (0.0, 0.0), (-4.0, -0.25)])
def test_the_sign_of_the_norms_power_is_the_corpus_own(power, expected):
    found = calibrate_label_free(spans_of(1, power=power))
    assert found.similarity == PowerSimilarity(document_power=expected)


def test_fewer_queries_than_can_tell_the_sides_apart_get_the_softest_whitening_and_a_note():
    world = asymmetric(loud_directions(0))
    for queries in (None, world.queries[:29]):
        found = calibrate_label_free(world.corpus, queries)
        count = 0 if queries is None else 29
        assert found.evidence.choice.startswith("whitened -0.125")
        assert found.evidence.notes[0].startswith(f"{count} queries and 100 documents are too few to tell")
        assert found.evidence.queries == count


def test_documents_too_few_to_tell_the_sides_apart_are_no_reason_to_stop():
    corpus, queries, _ = noise(0, documents=20)
    found = calibrate_label_free(corpus, queries)
    assert found.evidence.notes[0].startswith("40 queries and 20 documents are too few")


def test_without_texts_the_softest_whitening_is_taken():
    world = asymmetric(loud_directions(0))
    found = calibrate_label_free(Corpus(world.corpus.embeddings), world.queries)
    assert found.evidence.choice.startswith("whitened -0.125")
    assert "there are no texts to cut spans from" in found.evidence.decision


def test_spans_of_documents_that_are_not_there_are_no_texts():
    world = asymmetric(loud_directions(0))
    pseudo = PseudoQueries(world.corpus.pseudo_queries.embeddings[:5], ("gone",) * 5)
    found = calibrate_label_free(Corpus(world.corpus.embeddings, pseudo_queries=pseudo), world.queries)
    assert "there are no texts to cut spans from" in found.evidence.decision


@pytest.mark.parametrize(("queries", "weight"), [(49, None), (50, WEIGHT)])
def test_fifty_unjudged_queries_make_a_bank(queries, weight):
    world = asymmetric(loud_directions(0))
    found = calibrate_label_free(world.corpus, world.queries[:queries])
    assert (found.hub_bias and found.hub_bias.weight) == weight
    assert found.anti_hubness.gamma == GAMMA


def test_a_corpus_that_repeats_itself_is_given_no_anti_hubness_norm():
    world = asymmetric(loud_directions(0))
    rows = np.concatenate([world.corpus.embeddings, world.corpus.embeddings[:20] * 1.5])
    found = calibrate_label_free(Corpus(rows), world.queries)
    assert found.anti_hubness is None
    assert any("of documents have a near-duplicate" in note for note in found.evidence.notes)


def test_the_same_seed_gives_the_same_calibration():
    world = asymmetric(loud_directions(0))
    one, other = (calibrate_label_free(world.corpus, world.queries, seed=3) for _ in range(2))
    assert one.digest == other.digest
    assert one.evidence == other.evidence


def test_a_large_corpus_is_asked_on_a_sample_with_every_source_in_it(monkeypatch):
    monkeypatch.setattr("norm_aware.calibration.label_free._DOCUMENTS", 40)
    monkeypatch.setattr("norm_aware.calibration.label_free._SPANS", 60)
    world = asymmetric(loud_directions(0))
    found = calibrate_label_free(world.corpus, world.queries)
    assert found.evidence.documents == 100
    assert found.evidence.choice.startswith("whitened -0.25")


def test_progress_is_told():
    told = []
    calibrate_label_free(spans_of(0, power=0.0), progress=lambda *of: told.append(of))
    assert told[0] == ("Asking for spans", 0, 5)
    assert told[-1] == ("Asking for spans", 5, 5)


@pytest.mark.parametrize(
    ("queries", "error", "message"),
    [
        (np.ones((40, 5)), DimensionError, "The queries have dimension 5, the documents 8"),
        (np.full((40, 8), np.nan), EmbeddingError, "Row 0 of the queries"),
        (np.zeros((40, 8)), EmbeddingError, "No embedding has a length above 0"),
    ],
)
def test_queries_that_say_nothing_are_refused(queries, error, message):
    with pytest.raises(error, match=message):
        calibrate_label_free(noise(0).corpus, queries)


@pytest.mark.parametrize(
    "rows",
    [
        np.repeat(noise(0).corpus.embeddings[:1], 40, axis=0),
        np.repeat(noise(0).corpus.embeddings[:2], 20, axis=0),
        np.concatenate([np.zeros((39, 8)), np.ones((1, 8))]),
        noise(0).corpus.embeddings[:2],
        noise(0).corpus.embeddings[:, :1],
    ],
    ids=["all equal", "duplicates", "zeros", "two", "one dimension"],
)
def test_documents_that_span_little_get_finite_scores(rows):
    found = calibrate_label_free(Corpus(rows))
    assert np.isfinite(found.scores(rows, rows)).all()

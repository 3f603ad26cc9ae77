import numpy as np
import pytest

from norm_aware.ablation.measuring import (
    GAMMAS,
    LENGTH_POWERS,
    GivenNorms,
    SetView,
    choose_given,
)
from norm_aware.ablation.scorings import SCORINGS
from norm_aware.calibration.judgements import Judgements
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity
from norm_aware.training.evaluation import Embedded, JudgedTexts
from tests.losses.models import table


def view(seed=0, documents=30, queries=20):
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(documents, 5)) * generator.lognormal(size=(documents, 1))
    grades = [{int(generator.integers(documents)): 1.0} for _ in range(queries)]
    embedded = Embedded(
        generator.normal(size=(queries, 5)).astype(np.float32),
        rows.astype(np.float32),
        Judgements.of(grades, documents=documents),
    )
    return SetView(
        "chance", embedded, generator.uniform(0.1, 0.9, documents), generator.integers(1, 99, documents) * 1.0
    )


def reference(of, lengths):
    """nDCG@10 in the plainest words: one query after another, one relevant document each."""
    documents = of.embedded.documents.astype(np.float64)
    values = []
    for query, document in zip(of.embedded.judgements.query, of.embedded.judgements.document, strict=True):
        cosines = (
            documents @ of.embedded.queries[query].astype(np.float64) / np.linalg.norm(documents, axis=1)
        )
        rank = int((cosines * lengths > (cosines * lengths)[document]).sum())
        values.append(1 / np.log2(rank + 2) if rank < 10 else 0.0)
    return values


def test_every_scoring_is_cosine_times_the_length_it_names():
    of, given = view(), GivenNorms(gamma=0.3, length_power=-0.2)
    norms = np.linalg.norm(of.embedded.documents, axis=1)
    order = np.random.default_rng(4).permutation(30)
    expected = {
        "cosine": np.ones(30),
        "document_power=0.5": norms**0.5,
        "dot": norms,
        "anti_hubness": of.hubness**-0.3,
        "length": of.words**-0.2,
        "dot, shuffled": norms[order],
        "anti_hubness, shuffled": (of.hubness**-0.3)[order],
    }
    found = of.ndcg(given, seed=4)
    assert set(found) == set(SCORINGS) == set(expected)
    for name, lengths in expected.items():
        np.testing.assert_allclose(found[name], reference(of, lengths), atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("similarity", "gamma", "same"),
    [
        (COSINE, 0.0, "cosine"),
        (DOT, 0.0, "dot"),
        (PowerSimilarity(query_power=1.0), 0.0, "cosine"),
        (COSINE, 0.3, "anti_hubness"),
    ],
)
def test_the_own_scoring_is_the_one_an_encoder_was_trained_by(similarity, gamma, same):
    of = view(1)
    np.testing.assert_array_equal(of.own(similarity, gamma), of.ndcg(GivenNorms(0.3, 0.1))[same])


def test_lengths_to_the_power_of_0_are_cosine_to_the_bit():
    of = view(3)
    found = of.ndcg(GivenNorms(gamma=0.0, length_power=0.0), seed=1)
    for name in ("anti_hubness", "length", "anti_hubness, shuffled"):
        np.testing.assert_array_equal(found[name], found["cosine"])
    assert (found["dot, shuffled"] != found["cosine"]).any()


def test_the_own_scoring_with_both_a_power_and_a_gamma_takes_both():
    of = view(4)
    norms = np.linalg.norm(of.embedded.documents, axis=1)
    found = of.own(PowerSimilarity(document_power=0.5), 0.3)
    np.testing.assert_allclose(found, reference(of, norms**0.5 * of.hubness**-0.3), atol=1e-9)


def test_the_exponents_chosen_are_those_no_other_beats_in_domain():
    views = [view(seed) for seed in range(3)]
    chosen = choose_given(views)
    hubness = {g: np.mean([reference(v, v.hubness**-g) for v in views]) for g in GAMMAS}
    length = {p: np.mean([reference(v, v.words**p) for v in views]) for p in LENGTH_POWERS}
    assert hubness[chosen.gamma] == pytest.approx(max(hubness.values()))
    assert length[chosen.length_power] == pytest.approx(max(length.values()))


def test_what_has_no_meaning_is_none():
    documents = (
        np.eye(3, dtype=np.float32) * np.array([1, 1 + 1e-7, 1], np.float32)[:, None]
    )  # but for rounding
    embedded = Embedded(documents, documents, Judgements.of([{0: 1.0}, {1: 1.0}, {2: 1.0}], documents=3))
    found = SetView("units", embedded, np.full(3, 0.5), np.arange(1.0, 4.0)).norms()
    assert {name for name, value in found.items() if value is None} == {
        "cohens_d",
        "hubness_d",
        "length_correlation",
    }
    assert found["document_cv"] == pytest.approx(0, abs=1e-6)


def test_norms_are_compared_between_relevant_documents_and_the_others():
    of = view(2)
    norms = np.linalg.norm(of.embedded.documents.astype(np.float64), axis=1)
    relevant = np.isin(np.arange(30), of.embedded.judgements.document)
    a, b = norms[relevant], norms[~relevant]
    pooled = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / 28)
    found = of.norms()
    assert found["cohens_d"] == pytest.approx((a.mean() - b.mean()) / pooled, rel=1e-4)
    assert found["length_correlation"] == pytest.approx(np.corrcoef(norms, of.words)[0, 1], rel=1e-4)
    assert found["document_cv"] == pytest.approx(norms.std() / norms.mean(), rel=1e-4)


def test_a_set_is_embedded_with_its_spans():
    texts = ("a b c d", "e f g h", "a e")
    judged = JudgedTexts("letters", texts, ("a", "e"), Judgements.of([{0: 1.0}, {1: 1.0}], documents=3))
    of = SetView.of(table(dimension=6), judged)
    assert of.hubness.shape == of.words.shape == (3,)
    assert of.words.tolist() == [4, 4, 2]

import numpy as np
import pytest
from scipy import stats

from norm_aware.errors import DimensionError, EmbeddingError
from norm_aware.geometry import hubness as module
from norm_aware.geometry.hubness import hubness

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(200, 6)) * GENERATOR.lognormal(size=(200, 1))
QUERIES = GENERATOR.normal(size=(50, 6))


def counted(queries, documents, k, *, own=False):
    counts = np.zeros(len(documents), dtype=int)
    for place, query in enumerate(queries):
        cosines = documents @ query / np.linalg.norm(documents, axis=1)
        if own:
            cosines[place] = -np.inf
        counts[np.argsort(-cosines)[:k]] += 1
    return counts


@pytest.fixture(params=[1 << 23, 500], ids=["one block", "many blocks"])
def block(request, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", request.param)


@pytest.mark.usefixtures("block")
def test_a_document_counts_once_for_each_query_that_has_it_in_its_top_k():
    found = hubness(DOCUMENTS, queries=QUERIES, k=7)
    assert found.counts.tolist() == counted(QUERIES, DOCUMENTS, 7).tolist()
    assert found.counts.sum() == 7 * 50


@pytest.mark.usefixtures("block")
def test_without_queries_documents_look_for_each_other_and_never_for_themselves():
    found = hubness(DOCUMENTS, k=5)
    assert found.counts.tolist() == counted(DOCUMENTS, DOCUMENTS, 5, own=True).tolist()


def test_skewness_and_anti_hubs_are_those_of_the_counts():
    found = hubness(DOCUMENTS, queries=QUERIES)
    assert found.skewness == pytest.approx(stats.skew(found.counts))
    assert found.anti_hubs == np.mean(found.counts == 0)


def test_random_finds_have_the_skewness_and_anti_hubs_of_chance():
    documents, k, queries = 2000, 10, 300
    generator = np.random.default_rng(1)
    counts = np.bincount(
        np.concatenate([generator.choice(documents, k, replace=False) for _ in range(queries)]),
        minlength=documents,
    )
    found = module.Hubness(counts, k, queries)
    assert found.chance_skewness == pytest.approx(stats.binom.stats(queries, k / documents, moments="s"))
    assert found.skewness == pytest.approx(found.chance_skewness, abs=0.2)
    assert found.anti_hubs == pytest.approx(found.chance_anti_hubs, abs=0.03)


def test_a_document_amid_all_others_is_a_hub():
    around = np.random.default_rng(1).normal(size=(300, 100))
    centre = np.concatenate([around + 1, np.ones((1, 100))])
    found = hubness(centre)
    assert found.counts[-1] == 300
    assert found.skewness > found.chance_skewness + 1


def test_more_queries_than_are_asked_are_sampled_by_the_seed(monkeypatch):
    monkeypatch.setattr(module, "MOST_QUERIES", 20)
    first, again, other = (hubness(DOCUMENTS, queries=QUERIES, seed=seed) for seed in (0, 0, 1))
    assert first.queries == 20
    assert first.counts.tolist() == again.counts.tolist() != other.counts.tolist()


def test_a_top_larger_than_the_corpus_is_the_corpus():
    found = hubness(DOCUMENTS[:4], k=10)
    assert (found.k, found.counts.tolist()) == (3, [3, 3, 3, 3])
    assert found.skewness == 0
    everything = hubness(DOCUMENTS[:4], queries=QUERIES)
    assert (everything.chance_skewness, everything.chance_anti_hubs) == (0, 0)


def test_zero_vectors_and_repeats_are_counted_like_any_other():
    found = hubness(np.concatenate([np.zeros((3, 6)), np.ones((3, 6))]), k=2)
    assert found.counts.sum() == 12


def test_bad_input_is_refused_in_words():
    with pytest.raises(DimensionError, match="queries have dimension 5, the documents 6"):
        hubness(DOCUMENTS, queries=QUERIES[:, :5])
    with pytest.raises(EmbeddingError, match="k is 0"):
        hubness(DOCUMENTS, k=0)
    with pytest.raises(EmbeddingError, match="at least 2 rows"):
        hubness(DOCUMENTS[:1])

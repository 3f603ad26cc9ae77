import numpy as np
import pytest
from scipy import stats

from norm_aware.errors import DatasetError, EmbeddingError
from norm_aware.geometry.separation import relevant_documents, separation
from norm_aware.numeric.effect_size import auc, cohens_d


def groups(shift, *, n=400, share=0.25):
    generator = np.random.default_rng(0)
    relevant = generator.random(n) < share
    return generator.normal(10, 1, size=n) + shift * relevant, relevant


def test_separation_is_cohens_d_and_auc_of_the_two_groups():
    norms, relevant = groups(0.6)
    found = separation(norms, relevant)
    assert found.d == cohens_d(norms[relevant], norms[~relevant])
    assert found.auc == auc(norms[relevant], norms[~relevant])
    assert (found.relevant, found.other) == (relevant.sum(), (~relevant).sum())


def test_the_interval_agrees_with_scipys_bootstrap():
    norms, relevant = groups(0.6)
    oracle = stats.bootstrap(
        (norms[relevant], norms[~relevant]),
        cohens_d,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = separation(norms, relevant)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.05)
    assert found.low < found.d < found.high


def test_the_same_seed_gives_the_same_interval():
    assert separation(*groups(0.2), seed=3) == separation(*groups(0.2), seed=3)
    assert separation(*groups(0.2), seed=3) != separation(*groups(0.2), seed=4)


@pytest.mark.parametrize(
    ("norms", "relevant", "message"),
    [
        ([1.0, 2.0, 3.0], [True, False, False], "1 documents are relevant to some query and 2 to none"),
        ([1.0, 1.0, 1.0, 1.0], [True, True, False, False], "All 4 norms are 1"),
        ([2.0, 2.0, 1.0, 1.0], [True, True, False, False], "has no scale"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused_in_words(norms, relevant, message):
    with pytest.raises(EmbeddingError, match=message):
        separation(norms, relevant)


def test_groups_of_two_whose_draws_often_lack_spread_still_have_an_interval():
    found = separation([1.0, 2.0, 3.0, 5.0], [True, True, False, False])
    assert np.isfinite([found.d, found.low, found.high]).all()


def test_a_document_is_relevant_that_some_query_grades_above_zero():
    judgements = [{0: 1, 3: 0}, {}, {np.int64(2): np.float32(0.5)}]
    assert relevant_documents(judgements, documents=4).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("judgements", "message"),
    [
        ([{4: 1}], "Query 0 is judged on document 4; there are 4 documents"),
        ([{}, {-1: 1}], "Query 1 is judged on document -1"),
        ([{"a": 1}], "document 'a'; name documents by their position"),
        ([{0: float("nan")}], "Query 0 has the grade nan"),
        ([{0: "high"}], "Query 0 has the grade 'high'"),
        ([[0, 1]], r"judgements of query 0 are \[0, 1\]; a mapping"),
    ],
)
def test_judgements_that_name_no_document_are_refused_by_their_query(judgements, message):
    with pytest.raises(DatasetError, match=message):
        relevant_documents(judgements, documents=4)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from norm_aware.calibration.judgements import Judgements, as_groups, make_folds, split_large
from norm_aware.errors import CalibrationError

DOCUMENTS = 12

grades = st.lists(
    st.dictionaries(st.integers(0, DOCUMENTS - 1), st.floats(0.5, 3), min_size=1, max_size=3),
    min_size=1,
    max_size=12,
)
group_lists = st.lists(st.integers(0, 8), min_size=1, max_size=40).map(as_groups)


@given(grades)
def test_judgements_are_the_relevant_pairs_in_the_order_of_queries(judged):
    found = Judgements.of(judged, documents=DOCUMENTS)
    pairs = zip(found.query.tolist(), found.document.tolist(), found.grade.tolist(), strict=True)
    assert sorted(pairs) == sorted((q, d, g) for q, of in enumerate(judged) for d, g in of.items())
    assert (np.diff(found.query) >= 0).all()
    assert (found.queries, found.documents) == (len(judged), DOCUMENTS)


def test_documents_judged_not_relevant_count_as_unjudged():
    found = Judgements.of([{0: 1, 1: 0, 2: -1}], documents=3)
    assert found.document.tolist() == [0]


@pytest.mark.parametrize(
    ("judged", "message"),
    [
        ([], "There are no judged queries"),
        ([{0: 1}, {9: 1}], "Query 1 is judged on document 9; there are 9 documents, numbered from 0"),
        ([{-1: 1}], "Query 0 is judged on document -1"),
        ([{0: float("nan")}], "Query 0 has the grade nan; a finite number"),
        ([{0: float("inf")}], "has the grade inf"),
        ([{0: 1}, {}, {}], "2 of 3 queries have no relevant document .query 1 is the first"),
        ([{0: 0, 1: -2}], "1 of 1 queries have no relevant document"),
        ([dict.fromkeys(range(9), 1)] * 2, "All 9 documents are relevant to every query"),
        ([{0: "good"}], "The judgements of query 0 are no grades by position"),
        ([{0: None}], "no grades by position"),
        ([{"doc-7": 1}], "no grades by position.*such as"),
        ([{1.5: 1}], "no grades by position"),
        ([{0: 1}, [3]], "The judgements of query 1 are no grades by position"),
    ],
)
def test_judgements_that_nothing_can_be_learned_from_are_refused(judged, message):
    with pytest.raises(CalibrationError, match=message):
        Judgements.of(judged, documents=9)


@given(grades)
def test_groups_are_the_connected_components_of_shared_documents(judged):
    found = Judgements.of(judged, documents=DOCUMENTS)
    size = len(judged) + DOCUMENTS
    graph = coo_array((np.ones(len(found.query)), (found.query, found.document + len(judged))), (size, size))
    _, components = connected_components(graph, directed=False)
    same = found.groups()[:, None] == found.groups()
    np.testing.assert_array_equal(same, components[: len(judged), None] == components[: len(judged)])


@given(grades, st.randoms())
def test_a_selection_numbers_its_queries_in_the_order_given(judged, random):
    whole = Judgements.of(judged, documents=DOCUMENTS)
    chosen = random.sample(range(len(judged)), random.randint(1, len(judged)))
    found = whole.take(np.array(chosen))
    expected = Judgements.of([judged[query] for query in chosen], documents=DOCUMENTS)
    np.testing.assert_array_equal(found.query, expected.query)
    np.testing.assert_array_equal(found.document, expected.document)
    np.testing.assert_array_equal(found.grade, expected.grade)


@given(grades)
def test_weights_give_every_query_the_same_in_all(judged):
    found = Judgements.of(judged, documents=DOCUMENTS)
    np.testing.assert_allclose(np.bincount(found.query, weights=found.weights()), 1)


@given(group_lists, st.integers(2, 5), st.integers(0, 3))
@settings(max_examples=200)
def test_folds_keep_groups_together_are_balanced_and_never_empty(groups, folds, seed):
    sizes = np.bincount(groups)
    small = np.flatnonzero(sizes * folds <= len(groups))
    parts = len(small) + sizes[sizes * folds > len(groups)].sum()
    if parts < folds:
        with pytest.raises(CalibrationError, match=f"{len(groups)} queries in {parts} groups"):
            make_folds(groups, folds, seed=seed)
        return
    found = make_folds(groups, folds, seed=seed)
    for group in small:
        assert len(set(found[groups == group])) == 1
    filled = np.bincount(found, minlength=folds)
    assert len(filled) == folds
    assert filled.min() > 0
    assert filled.max() - filled.min() <= max([1, *sizes[small]])


def test_only_groups_larger_than_a_fold_are_split_and_each_query_stands_alone():
    groups = np.repeat([0, 1, 2, 3], [5, 6, 4, 5])
    found = split_large(groups, 4)
    assert len(set(found[5:11].tolist())) == 6
    kept = np.r_[0:5, 11:20]
    np.testing.assert_array_equal(found[kept], groups[kept])
    assert not set(found[5:11].tolist()) & set(found[kept].tolist())


def test_a_group_larger_than_a_fold_is_dealt_out():
    groups = np.repeat([0, 1, 2, 3], [20, 2, 2, 1])
    found = make_folds(groups, 5)
    assert len(set(found[:20].tolist())) == 5
    assert found[20] == found[21]
    assert np.ptp(np.bincount(found)) <= 2


def test_the_seed_decides_the_folds():
    groups = np.arange(40)
    np.testing.assert_array_equal(make_folds(groups, 5, seed=1), make_folds(groups, 5, seed=1))
    assert (make_folds(groups, 5, seed=1) != make_folds(groups, 5, seed=2)).any()


def test_any_labels_make_groups():
    assert as_groups(["b", ("x", 1), "b", None]).tolist() == [0, 1, 0, 2]

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.corpus import Corpus, PseudoQueries, as_embeddings, own_rows
from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError

ROWS = np.random.default_rng(0).normal(size=(5, 3))
SPANS = PseudoQueries(ROWS[:4], ("b", "a", "b", "gone"))


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        (ROWS[:1], {}, CalibrationError, "1 documents were given; a ranking needs at least 2"),
        (ROWS[:0], {}, CalibrationError, "0 documents were given"),
        (ROWS * 0, {}, EmbeddingError, "Every document's vector is zero"),
        (ROWS, {"ids": list("abcd")}, CalibrationError, "5 documents have 4 different ids"),
        (ROWS, {"ids": list("abcdd")}, CalibrationError, "5 documents have 4 different ids"),
        (ROWS, {"ids": [1, "1", 2, 3, 4]}, CalibrationError, "5 documents have 4 different ids"),
        (ROWS, {"lengths": [1, 2]}, CalibrationError, r"lengths have shape \(2,\)"),
        (ROWS, {"lengths": [1, 2, 3, 4, -1]}, CalibrationError, "at least 0 for each of 5"),
        (ROWS, {"lengths": [1, 2, 3, 4, np.nan]}, CalibrationError, "at least 0 for each of 5"),
        (ROWS, {"lengths": ["long"] * 5}, CalibrationError, "The lengths are no numbers"),
        (
            ROWS,
            {"pseudo_queries": PseudoQueries(np.ones((1, 4)), ("a",))},
            DimensionError,
            "pseudo-queries have dimension 4, the documents 3",
        ),
        ([1.0, 2.0], {}, EmbeddingError, r"The documents have shape \(2,\)"),
        (np.empty((4, 0)), {}, EmbeddingError, r"The documents have shape \(4, 0\)"),
        ([[1.0], [1.0, 2.0]], {}, EmbeddingError, "The documents are no matrix of numbers"),
        ([["a"], ["b"]], {}, EmbeddingError, "The documents are no matrix of numbers"),
    ],
)
def test_documents_that_no_ranking_can_be_learned_on_are_refused(rows, options, error, message):
    with pytest.raises(error, match=message):
        Corpus(rows, **options)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 1e8])
def test_the_first_row_at_fault_is_named(value):
    rows = ROWS.copy()
    rows[[2, 4], 1] = value
    with pytest.raises(EmbeddingError, match="Row 2 of the documents holds NaN.* as 2 of 5 do"):
        Corpus(rows)
    with pytest.raises(EmbeddingError, match="Row 2 of the queries"):
        as_embeddings(rows, "queries")


@pytest.mark.parametrize(("sources", "side"), [(("a",), "query"), (("a", "b", "c"), "answer")])
def test_pseudo_queries_need_a_source_each_and_a_side(sources, side):
    with pytest.raises(CalibrationError, match="one source each and the side 'query' or 'document'"):
        PseudoQueries(ROWS[:3], sources, side)


def test_a_corpus_knows_its_norms_and_dimension():
    corpus = Corpus([[3, 4], [0, 0]])
    assert (len(corpus), corpus.dimension, corpus.norms.tolist()) == (2, 2, [5, 0])


def test_ids_and_sources_are_text_and_positions_where_not_given():
    assert Corpus(ROWS).ids == ("0", "1", "2", "3", "4")
    assert Corpus(ROWS, ids=range(10, 15)).ids == ("10", "11", "12", "13", "14")
    assert PseudoQueries(ROWS[:1], (7,)).sources == ("7",)
    assert own_rows([7, 8], ("8", "8"))[1].tolist() == [0, 1]


def test_a_documents_own_pseudo_queries_are_found_by_its_id():
    corpus = Corpus(ROWS, ids=list("abcde"), pseudo_queries=SPANS)
    assert {position: rows.tolist() for position, rows in corpus.own.items()} == {1: [0, 2], 0: [1]}


def test_without_texts_the_documents_are_their_own_pseudo_queries():
    corpus = Corpus(ROWS, ids=list("abcde"))
    pseudo = corpus.pseudo_queries
    assert pseudo.side == "document"
    assert sorted(pseudo.sources) == list("abcde")
    for position, rows in corpus.own.items():
        np.testing.assert_array_equal(pseudo.embeddings[rows], corpus.embeddings[[position]])


def test_some_of_the_documents_keep_their_names_lengths_and_the_pseudo_queries():
    corpus = Corpus(ROWS, ids=list("abcde"), lengths=range(5), pseudo_queries=SPANS, encoder=("e", "f"))
    some = corpus.take(np.array([4, 1]))
    assert (some.ids, some.lengths.tolist(), some.encoder) == (("e", "b"), [4, 1], ("e", "f"))
    assert some.pseudo_queries is SPANS
    assert {position: rows.tolist() for position, rows in some.own.items()} == {1: [0, 2]}
    assert Corpus(ROWS).take(np.array([0, 1])).lengths is None


def test_the_digest_changes_with_an_id_and_with_a_number():
    moved = ROWS.copy()
    moved[0, 0] += 1e-3
    digests = {Corpus(ROWS).digest, Corpus(moved).digest, Corpus(ROWS, ids=list("abcde")).digest}
    assert len(digests) == 3
    assert Corpus(ROWS.copy()).digest == Corpus(ROWS).digest

from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.calibrate import CalibrationOptions, calibrate
from norm_aware.calibration.corpus import Corpus
from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError
from tests.calibration.worlds import noise

CORPUS, ASKED, GRADES = noise(0)
ROWS = CORPUS.embeddings


def zeroed(rows: np.ndarray, count: int) -> np.ndarray:
    return np.where(np.arange(len(rows))[:, None] < count, 0, rows)


def one_each(count: int) -> list[dict[int, float]]:
    return [{i % 60: 1.0} for i in range(count)]


@pytest.mark.parametrize(
    ("queries", "grades", "options", "error", "message"),
    [
        (ASKED[:4], one_each(4), {}, CalibrationError, "4 queries in 4 groups cannot be dealt into 5 folds"),
        (ASKED[:4], [{0: 1.0}] * 2 + one_each(2), {}, CalibrationError, "cannot be dealt into 5 folds"),
        (ASKED[:0], [], {}, CalibrationError, "There are no judged queries"),
        (ASKED, one_each(39), {}, CalibrationError, "40 queries have 39 judgements"),
        (ASKED, [dict.fromkeys(range(60), 1.0)] * 40, {}, CalibrationError, "All 60 documents are relevant"),
        (ASKED, [{0: 0.0}] * 40, {}, CalibrationError, "40 of 40 queries have no relevant document"),
        (ASKED, [{60: 1.0}] * 40, {}, CalibrationError, "there are 60 documents, numbered from 0"),
        (ASKED[:, :5], GRADES, {}, DimensionError, "The queries have dimension 5, the documents 8"),
        (ASKED * np.nan, GRADES, {}, EmbeddingError, "Row 0 of the queries holds NaN"),
        (ASKED * np.inf, GRADES, {}, EmbeddingError, "Row 0 of the queries holds NaN"),
        (ASKED * 0, GRADES, {}, EmbeddingError, "Every query's vector is zero"),
        (zeroed(ASKED, 39), GRADES, {}, EmbeddingError, "No embedding has a length above 0"),
        (ASKED, GRADES, {"query_ids": ["q"]}, CalibrationError, "40 queries have 1 names"),
        (ASKED, GRADES, {"groups": range(5)}, CalibrationError, "40 queries have 5 groups"),
        (
            ASKED,
            GRADES,
            {"groups": [0] * 9 + list(range(31))},
            CalibrationError,
            "A group holds more than a fold's share of the 40 queries",
        ),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused_in_words(queries, grades, options, error, message):
    with pytest.raises(error, match=message):
        calibrate(Corpus(ROWS), queries, grades, **options)


@pytest.mark.parametrize("options", [{"folds": 2}, {"folds": 0}, {"documents": 1}, {"queries": 9}])
def test_options_that_leave_nothing_to_choose_or_test_on_are_refused(options):
    with pytest.raises(CalibrationError, match="at least 3 folds"):
        CalibrationOptions(**options)


@pytest.mark.parametrize(
    ("rows", "queries"),
    [
        (np.repeat(ROWS[:2], 30, axis=0), ASKED),
        (np.repeat(ROWS[:1], 60, axis=0), ASKED),
        (np.repeat(ROWS[:1], 60, axis=0), np.repeat(ROWS[:1], 40, axis=0)),
        (ROWS, np.repeat(ASKED[:1], 40, axis=0)),
        (zeroed(ROWS, 30), ASKED),
        (zeroed(ROWS, 59), ASKED),
        (ROWS, zeroed(ASKED, 20)),
        (ROWS[:, :1], ASKED[:, :1]),
        (np.random.default_rng(0).normal(size=(60, 80)), np.random.default_rng(1).normal(size=(40, 80))),
        (ROWS * 1e-30, ASKED * 1e-30),
        (ROWS * 1e5, ASKED * 1e5),
    ],
    ids=[
        "duplicates",
        "one document sixty times",
        "everything the same",
        "one query forty times",
        "half the documents zero",
        "all documents but one zero",
        "half the queries zero",
        "one dimension",
        "fewer documents than dimensions",
        "tiny",
        "large",
    ],
)
def test_degenerate_embeddings_give_finite_scores_and_never_a_warning(rows, queries):
    found = calibrate(Corpus(rows), queries, GRADES, options=CalibrationOptions(folds=3))
    scores = found.scores(queries, rows)
    assert np.isfinite(scores).all()
    probabilities = found.probability(found.queries(queries), scores)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_two_documents_and_as_many_queries_as_folds_are_enough_to_keep_cosine():
    found = calibrate(
        Corpus(ROWS[:2]), ASKED[:3], [{0: 1.0}, {1: 1.0}, {0: 1.0}], options=CalibrationOptions(folds=3)
    )
    assert found.is_cosine

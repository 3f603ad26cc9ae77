from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.differences import Resampling
from norm_aware.benchmark.attribution.gain import gain

GENERATOR = np.random.default_rng(2)
X = GENERATOR.normal(0.4, 0.3, 60)
Y = 0.5 * X + GENERATOR.normal(0, 0.2, 60)
QUESTIONS = [f"q{i:02}" for i in range(60)]
RETRIEVAL, ANSWER = (dict(zip(QUESTIONS, column.tolist(), strict=True)) for column in (X, Y))

gains = st.dictionaries(
    st.sampled_from([f"q{i}" for i in range(15)]), st.sampled_from([-1.0, -0.25, 0.0, 0.5]), max_size=15
)


def test_the_correlation_is_scipys_and_its_interval_that_of_scipys_bootstrap():
    found = gain(RETRIEVAL, ANSWER, resampling=Resampling(draws=10_000))
    assert found.correlation == pytest.approx(scipy.stats.pearsonr(X, Y).statistic)
    oracle = scipy.stats.bootstrap(
        (X, Y),
        lambda x, y: scipy.stats.pearsonr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=4_000,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.02)


def test_questions_are_counted_by_what_became_of_documents_and_answer():
    found = gain(
        {"q1": 0.5, "q2": 0.1, "q3": -0.5, "q4": 0.0, "q5": 0.0, "only here": 1.0},
        {"q1": 0.2, "q2": 0.0, "q3": 0.1, "q4": 0.0, "q5": -0.1, "only there": 1.0},
        resampling=Resampling(),
    )
    assert found.quadrants == {
        "better": {"better": 1, "same": 1, "worse": 0},
        "same": {"better": 0, "same": 1, "worse": 1},
        "worse": {"better": 1, "same": 0, "worse": 0},
    }
    assert found.points[0] == ("q1", 0.5, 0.2)
    assert found.as_row()["points"][3] == {"query_id": "q4", "retrieval": 0.0, "answer": 0.0}


@given(gains, gains)
def test_every_question_with_both_gains_is_one_point_in_one_quadrant(retrieval, answer):
    found = gain(retrieval, answer, resampling=Resampling(draws=100))
    assert [point[0] for point in found.points] == sorted(retrieval.keys() & answer.keys())
    assert sum(sum(of.values()) for of in found.quadrants.values()) == len(found.points)


@given(gains, gains)
def test_swapping_the_systems_turns_the_quadrants_around_and_keeps_the_correlation(retrieval, answer):
    there = gain(retrieval, answer, resampling=Resampling(draws=100))
    back = gain(
        {q: -d for q, d in retrieval.items()},
        {q: -d for q, d in answer.items()},
        resampling=Resampling(draws=100),
    )
    opposite = {"better": "worse", "same": "same", "worse": "better"}
    assert back.quadrants == {
        opposite[documents]: {opposite[of_answer]: n for of_answer, n in counts.items()}
        for documents, counts in there.quadrants.items()
    }
    for one, other in ((there.correlation, back.correlation), (there.low, back.low)):
        assert other == (None if one is None else pytest.approx(one))


def test_the_order_of_the_questions_changes_nothing():
    backwards = dict(reversed(ANSWER.items()))
    assert gain(RETRIEVAL, backwards, resampling=Resampling()) == gain(
        RETRIEVAL, ANSWER, resampling=Resampling()
    )


def test_gains_that_do_not_vary_have_no_correlation():
    still = dict.fromkeys(QUESTIONS, 0.0)
    found = gain(RETRIEVAL, still, resampling=Resampling())
    assert (found.correlation, found.low, found.high) == (None, None, None)
    assert gain({}, {}, resampling=Resampling()).points == ()


def test_a_correlation_that_hangs_on_a_single_question_has_no_interval():
    single = {q: 1.0 if q == "q07" else 0.0 for q in QUESTIONS}
    found = gain(single, single, resampling=Resampling())
    assert found.correlation == pytest.approx(1.0)
    assert (found.low, found.high) == (None, None)


def test_questions_of_one_cluster_are_drawn_together():
    twice = [{f"{q}-{i}": v for q, v in of.items() for i in range(4)} for of in (RETRIEVAL, ANSWER)]
    clusters = {q: int(q[1:3]) for q in twice[0]}
    clustered = gain(*twice, resampling=Resampling(clusters=clusters))
    once = gain(RETRIEVAL, ANSWER, resampling=Resampling())
    assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high), abs=0.02)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.similarities import every

from norm_aware import COSINE, DOT, EuclideanSimilarity, PowerSimilarity, WordRotatorSimilarity
from norm_aware.qdrant.certificate import highest_outside, is_beaten

parts = st.floats(0, 1)
lengths = st.floats(1e-3, 1e3)


@given(every, lengths, lengths, lengths, st.floats(-2, 2), st.floats(-1, 1), parts, parts)
def test_no_document_with_a_lower_dot_scores_above_the_bound(
    similarity, query_norm, one, other, power, level, at, below
):
    low, high = sorted((one, other))
    norm = low + at * (high - low)
    last = level * max(low**power, high**power)
    # any cosine whose stored dot is at most the last candidate's
    most = min(1.0, last * norm**-power)
    assume(most >= -1)
    cosine = most - below * (most + 1)
    bound = highest_outside(similarity, last, low, high, query_norm=query_norm, stored_power=power)
    score = float(similarity.score(cosine, query_norm, norm))
    assert score <= bound + 1e-9 * (abs(score) + abs(bound))


@given(st.floats(-1, 2), st.floats(-1.5, 2), lengths, lengths, st.floats(-0.99, 0.99), parts)
def test_the_bound_of_a_power_is_reached_by_a_document(power, stored, one, other, level, at):
    low, high = sorted((one, other))
    last = level * (low + at * (high - low)) ** stored  # the last candidate is a document of the range
    norms = np.append(np.geomspace(low, high, 2000), [low, high])
    cosines = last * norms**-stored
    norms, cosines = norms[cosines >= -1], cosines[cosines >= -1]
    scores = np.minimum(1, cosines) * norms**power
    similarity = PowerSimilarity(document_power=power)
    bound = highest_outside(similarity, last, low, high, query_norm=1.0, stored_power=stored)
    room = 1e-5 * max(low**power, high**power) + 0.02 * abs(scores.max())
    assert scores.max() <= bound
    if level >= 0:  # below 0 the bound also allows for cosines under -1
        assert bound <= scores.max() + room


@pytest.mark.parametrize(
    ("similarity", "last", "low", "high", "expected"),
    [
        (COSINE, 1.0, 2.0, 4.0, 0.5),  # the shortest has the highest cosine at this dot
        (COSINE, 3.0, 2.0, 4.0, 1.0),  # the last candidate's dot is more than the shortest can have
        (COSINE, -1.0, 2.0, 4.0, -0.25),  # where it is negative, the longest
        (DOT, 1.0, 2.0, 4.0, 1.0),
        (PowerSimilarity(document_power=2), 1.0, 2.0, 4.0, 4.0),
        (PowerSimilarity(document_power=-1), -2.0, 2.0, 4.0, -0.125),
        (COSINE, 1.0, 0.0, 4.0, 1.0),  # nothing is too short to point the query's way
        (PowerSimilarity(document_power=0.5), 2.0, 0.0, 4.0, 2**0.5),
        (COSINE, 0.0, 0.0, 4.0, 0.0),
        (PowerSimilarity(document_power=-1), 1.0, 0.0, 4.0, math.inf),
        (DOT, 1.0, 2.0, math.inf, math.inf),
        (EuclideanSimilarity(), 4.0, 1.0, 8.0, 0.0),  # the query itself may be hidden
        (WordRotatorSimilarity(1.0), 4.0, 5.0, 8.0, -1.0 - math.acos(0.8)),
    ],
)
def test_the_bound_is_what_a_document_of_the_range_may_reach(similarity, last, low, high, expected):
    query_norm = 4.0 if last == 4 else 1.0
    bound = highest_outside(similarity, last, low, high, query_norm=query_norm)
    assert bound == pytest.approx(expected, rel=1e-2, abs=2e-2)


def test_a_document_stored_as_cosine_is_bound_by_its_last_candidates_cosine():
    bound = highest_outside(DOT, 0.5, 2.0, 4.0, query_norm=3.0, stored_power=0)
    assert bound == pytest.approx(0.5 * 3 * 4, rel=1e-4)


def test_only_a_score_clearly_above_the_bound_beats_it():
    assert is_beaten(1.0, 1.0001)
    assert not is_beaten(1.0, 1.0)
    assert not is_beaten(1.0, 1.0 + 1e-7)
    assert is_beaten(-1.0, -0.999)
    assert is_beaten(0.0, 0.0)  # of a zero query, which every document answers alike
    assert not is_beaten(math.inf, 1e30)
    assert not is_beaten(0.0, -math.inf)
    assert not is_beaten(math.nan, 1.0)

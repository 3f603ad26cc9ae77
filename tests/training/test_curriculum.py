import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import TrainingError
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity
from norm_aware.training.curriculum import Curriculum


def test_it_goes_from_its_start_to_its_end_in_a_straight_line():
    curriculum = Curriculum("cosine", "dot", begin=0.25, finish=0.75)
    assert curriculum.at(0) == curriculum.at(0.25) == COSINE
    assert curriculum.at(0.5) == PowerSimilarity(query_power=0.5, document_power=0.5)
    assert curriculum.at(0.75) == curriculum.at(1) == DOT


@given(st.floats(0, 1))
def test_a_side_with_equal_ends_keeps_its_normalisation(share):
    assert Curriculum("cosine", "query_normalized").at(share).query_power == 0


def test_a_span_of_nothing_is_a_step():
    curriculum = Curriculum("cosine", "dot", begin=0.5, finish=0.5)
    assert (curriculum.at(0.49), curriculum.at(0.5)) == (COSINE, DOT)


@pytest.mark.parametrize(
    "options", [{"begin": 0.6, "finish": 0.5}, {"finish": 1.1}, {"begin": -0.1}, {"end": "euclidean"}]
)
def test_what_is_no_schedule_is_refused(options):
    with pytest.raises(TrainingError):
        Curriculum(**options)

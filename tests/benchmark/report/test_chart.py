import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.report.chart import PANEL_HEIGHT, forest_axis, histogram


@given(st.lists(st.tuples(*[st.floats(-1, 1)] * 3).map(sorted), min_size=1, max_size=6))
def test_every_interval_and_zero_stand_within_the_chart_in_order(intervals):
    axis = forest_axis([{"low": low, "difference": mid, "high": high} for low, mid, high in intervals])
    assert 0 in axis.ticks
    for low, mid, high in intervals:
        assert axis.start <= axis.percent(low) <= axis.percent(mid) <= axis.percent(high) <= axis.end


def test_there_is_no_forest_without_a_difference():
    assert forest_axis([]) is None
    assert forest_axis([{"low": None, "difference": None, "high": None}]) is None


def norms(**changes: object):
    groups = {"relevant": [1, 3], "other": [300, 100]}
    return {"edges": [1.0, 2.0, 3.0], "mean_relevant": 2.2, "mean_other": None} | groups | changes


def test_a_bar_is_as_tall_as_its_share_of_its_own_group():
    relevant, other = histogram(norms()).panels
    assert [bar.share for bar in relevant.bars] == [0.25, 0.75]
    assert [bar.height for bar in relevant.bars] == pytest.approx([PANEL_HEIGHT / 3, PANEL_HEIGHT])
    assert [bar.share for bar in other.bars] == [0.75, 0.25]
    assert (relevant.total, other.total) == (4, 400)


def test_a_group_without_documents_has_bars_without_height():
    relevant, _ = histogram(norms(relevant=[0, 0])).panels
    assert [bar.height for bar in relevant.bars] == [0, 0]


def test_there_is_no_histogram_without_documents():
    assert histogram(norms(relevant=[0, 0], other=[0, 0])) is None


def test_norms_that_are_all_the_same_still_have_a_bar_with_a_width():
    bars = histogram(norms(edges=[1.0, 1.0, 1.0])).panels[0].bars
    assert all(float(bar.width.rstrip("%")) > 0 for bar in bars)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.report.scatter import HEIGHT, scatter

GAINS = st.floats(-1, 1, allow_nan=False)
POINTS = st.lists(st.tuples(GAINS, GAINS), min_size=1, max_size=80)


def points(pairs):
    return [{"query_id": str(i), "retrieval": x, "answer": y} for i, (x, y) in enumerate(pairs)]


@given(POINTS)
def test_every_question_is_in_one_bubble_and_in_one_count_and_on_the_chart(pairs):
    chart = scatter(points(pairs))
    assert sum(bubble.count for bubble in chart.bubbles) == len(pairs)
    assert sum(chart.table.values()) == len(pairs)
    assert all(0 <= bubble.y <= HEIGHT for bubble in chart.bubbles)
    assert all(0 <= float(bubble.x.rstrip("%")) <= 100 for bubble in chart.bubbles)


@given(POINTS)
def test_a_bubble_stands_within_a_cell_of_the_questions_it_counts(pairs):
    chart = scatter(points(pairs))
    cell = [(axis.high - axis.low) / 20 for axis in (chart.x, chart.y)]
    for x, y in pairs:
        assert any(
            abs(x - b.retrieval) <= cell[0] * 1.01 and abs(y - b.answer) <= cell[1] * 1.01
            for b in chart.bubbles
        )


def test_the_area_of_a_bubble_grows_with_its_questions():
    chart = scatter(points([(0.0, 0.0)] * 9 + [(0.9, 0.9)] * 4))
    large, small = chart.bubbles
    assert (large.count, small.count) == (9, 4)
    assert (small.radius / large.radius) ** 2 == pytest.approx(4 / 9)


def test_a_question_without_a_gain_is_neither_better_nor_worse():
    chart = scatter(points([(0.0, 0.0), (0.2, 0.0), (-0.2, 0.3)]))
    assert dict(chart.table) == {("same", "same"): 1, ("same", "better"): 1, ("better", "worse"): 1}


def test_more_is_to_the_right_and_up():
    chart = scatter(points([(0.5, 0.5), (-0.5, -0.5)]))
    high, low = sorted(chart.bubbles, key=lambda bubble: -bubble.answer)
    assert high.y < chart.height_of(0) < low.y
    assert float(high.x.rstrip("%")) > chart.x.percent(0) > float(low.x.rstrip("%"))


def test_there_is_no_chart_without_a_question():
    assert scatter([]) is None

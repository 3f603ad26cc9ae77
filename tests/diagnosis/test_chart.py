import pytest

from norm_aware.diagnosis.chart import HEIGHT, decade_marks, make_charts


def percent(length):
    return float(length.rstrip("%"))


def test_there_is_a_chart_for_what_there_are_numbers_for(full, bare):
    assert [chart.name for chart in make_charts(full.plots)] == ["norms", "lengths", "finds", "spectrum"]
    assert [chart.name for chart in make_charts(bare.plots)] == ["norms", "finds", "spectrum"]


def test_everything_stands_within_its_panel(full):
    for chart in make_charts(full.plots):
        assert all(0 <= percent(x) <= 100 for _, x in chart.ticks)
        for panel in chart.panels:
            tall = 2 * HEIGHT if panel.points else HEIGHT
            assert all(0 <= bar.height <= HEIGHT + 1e-6 for bar in panel.bars)
            assert all(percent(bar.x) + percent(bar.width) <= 100 for bar in panel.bars)
            assert all(0 <= percent(x) <= 100 and 0 <= y <= tall for x, y in panel.points)
            assert all(0 <= y <= tall for _, y in panel.levels)


def test_the_tallest_bar_of_a_chart_fills_its_panel(full):
    for chart in make_charts(full.plots):
        if chart.name != "lengths":
            tallest = max(bar.height for panel in chart.panels for bar in panel.bars)
            assert tallest == pytest.approx(HEIGHT)


def test_a_bar_of_norms_is_as_tall_as_its_share_of_its_own_group(full):
    relevant, other = make_charts(full.plots)[0].panels
    counts = [count for count in full.plots.relevant if count], [count for count in full.plots.other if count]
    for panel, group in zip((relevant, other), counts, strict=True):
        heights = [bar.height / sum(bar.height for bar in panel.bars) for bar in panel.bars]
        assert heights == pytest.approx([count / sum(group) for count in group])


def test_longer_texts_stand_further_right_and_longer_vectors_higher(full):
    chart = make_charts(full.plots)[1]
    placed = list(zip(full.plots.points, chart.panels[0].points, strict=True))
    by_length = [percent(x) for (length, _), (x, _) in sorted(placed)]
    assert by_length == sorted(by_length)
    by_norm = [y for _, (_, y) in sorted(placed, key=lambda pair: pair[0][1])]
    assert by_norm == sorted(by_norm, reverse=True)


@pytest.mark.parametrize(
    ("lengths", "marks"),
    [([0, 12], [1, 2, 5, 10]), ([30, 700], [50, 100, 200, 500]), ([2, 9000], [10, 100, 1000]), ([7, 7], [])],
)
def test_lengths_are_marked_at_round_numbers(lengths, marks):
    assert decade_marks([(length, 1.0) for length in lengths]) == marks

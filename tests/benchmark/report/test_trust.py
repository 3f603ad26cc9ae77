from norm_aware.benchmark.report.trust import judge_figures
from tests.benchmark.report.make_findings import make_judge


def test_each_bias_is_a_row_with_its_interval():
    rows = judge_figures(make_judge()["check"])
    assert [(row["share"], row["low"], row["high"]) for row in rows] == [
        (0.08, 0.02, 0.15),
        (0.51, None, None),
        (0.4, None, None),
        (0.55, None, None),
        (0.94, 0.9, 0.97),
        (0.88, None, None),
    ]


def test_what_was_not_measured_has_no_row():
    assert judge_figures(None) == []
    assert judge_figures({"consistency": {"unanimous": None}, "length_bias": None}) == []


def test_a_part_that_is_one_number_is_one_row():
    assert judge_figures({"position_bias": 0.1}) == [
        {"title": "Position bias", "share": 0.1, "low": None, "high": None}
    ]

from norm_aware.benchmark.report.withholding import UNEXPLAINED, measures_of_errors, withheld


def test_a_measure_is_withheld_only_where_it_is_said_to_be_uninformative():
    measures = {"a": {"informative": True}, "b": {}, "c": {"informative": False, "why": "it guesses"}}
    assert withheld(measures) == {"c": "it guesses"}


def test_a_withheld_measure_always_has_a_reason():
    assert withheld({"a": {"informative": False}, "b": {"informative": False, "why": None}}) == dict.fromkeys(
        "ab", UNEXPLAINED
    )


def test_a_measure_of_errors_is_one_whose_comparison_says_that_less_is_better():
    rows = [{"measure": "a", "higher_is_better": False}, {"measure": "b", "higher_is_better": True}]
    assert measures_of_errors({"comparisons": [*rows, {"measure": "c"}]}) == {"a"}

from norm_aware.benchmark.report.withholding import UNEXPLAINED, withheld


def test_a_measure_is_withheld_only_where_it_is_said_to_be_uninformative():
    measures = {"a": {"informative": True}, "b": {}, "c": {"informative": False, "why": "it guesses"}}
    assert withheld(measures) == {"c": "it guesses"}


def test_a_withheld_measure_always_has_a_reason():
    assert withheld({"a": {"informative": False}, "b": {"informative": False, "why": None}}) == dict.fromkeys(
        "ab", UNEXPLAINED
    )

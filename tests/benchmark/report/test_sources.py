from norm_aware.benchmark.report.sources import MOVED, attributions, breakdowns, plan_parts
from tests.benchmark.report.make_results import DOT, HALF

HEADLINE = ["nDCG@10", "squad_f1"]


def shown(function, results, withheld=("faithfulness",)):
    hidden = dict.fromkeys(withheld, "guesses")
    return function(results, [HALF, DOT], headline=HEADLINE, withheld=hidden)


def test_headline_measures_come_first_and_withheld_ones_not_at_all(results):
    steps = results["attribution"][DOT]["steps"]
    results["attribution"][DOT]["steps"] = {"R@5": steps["nDCG@10"], **steps}
    ladders = shown(attributions, results)[DOT]["ladders"]
    assert [(ladder["measure"], ladder["first"]) for ladder in ladders] == [
        ("nDCG@10", True),
        ("squad_f1", True),
        ("R@5", False),
    ]


def test_a_candidate_without_an_attribution_is_left_out(results):
    del results["attribution"][HALF]
    results["attribution"][DOT] = {}
    assert shown(attributions, results) == {}


def test_parts_that_are_null_are_nothing(results):
    results["attribution"][DOT] = dict.fromkeys(("steps", "noise", "gain", "context_changes", "moved"))
    found = shown(attributions, results)
    assert found[HALF]["scatter"] is not None
    assert DOT in found
    assert (found[DOT]["scatter"], found[DOT]["ladders"], found[DOT]["moved"]) == (None, [], {})
    assert (found[DOT]["hits"], found[DOT]["favours"]) == (None, [])


def test_a_gain_in_a_withheld_measure_is_not_drawn(results):
    assert shown(attributions, results)[DOT]["scatter"] is not None
    assert shown(attributions, results, ["squad_f1"])[DOT]["scatter"] is None


def test_what_contexts_change_in_a_withheld_measure_or_in_none_is_not_told(results):
    told = shown(attributions, results)[DOT]
    assert told["changes"]
    withheld = shown(attributions, results, ["squad_f1"])[DOT]
    results["attribution"][DOT]["gain"]["answer"] = None
    for found in (withheld, shown(attributions, results)[DOT]):
        assert (found["changes"], found["changes_axis"], found["hits"]) == ({}, None, None)


def test_moved_documents_carry_their_texts_and_the_question(results):
    found = shown(attributions, results)[DOT]["moved"]["Promoted farthest"]
    assert len(found) == MOVED
    first = results["attribution"][DOT]["moved"]["promoted"][0]
    assert found[0]["text"] == results["documents"][first["document"]]["text"][:300]
    assert found[0]["query"] == results["queries"][0]["text"]


def test_a_document_that_is_not_in_the_results_brings_its_own_text(results):
    (often,) = shown(attributions, results)[DOT]["moved"]["Promoted most often"]
    assert (often["title"], often["text"], often["query"]) == ("Far away", "It moves.", "")


def test_the_sum_of_a_ladder_is_that_of_its_own_questions(results):
    ladder = shown(attributions, results)[DOT]["ladders"][0]
    assert ladder["total"] == results["attribution"][DOT]["totals"]["nDCG@10"]


def test_breakdowns_stand_by_what_they_group_by_on_one_scale(results):
    parts = shown(breakdowns, results)
    assert [part["by"] for part in parts] == ["question_type", "document_length", "norm_quantile"]
    for part in parts:
        tables = [*part["first"], *part["other"]]
        assert {table["measure"] for table in tables} == set(HEADLINE)
        for group in (group for table in tables for group in table["groups"]):
            assert part["axis"].low <= group["low"] <= group["high"] <= part["axis"].high


def test_a_plan_is_pairs_and_tables():
    plan = {
        "a": 1,
        "models": {"llm": "m", "options": {"seed": 0}},
        "systems": [{"name": "x", "k": 3}, {"name": "y", "reranker": "z"}],
        "names": ["p", "q"],
        "empty": {},
        "none": None,
        "flag": True,
    }
    parts = plan_parts(plan)
    assert parts["values"] == {
        "a": "1",
        "models.llm": "m",
        "models.options.seed": "0",
        "names": '["p", "q"]',
        "empty": "{}",
        "none": None,
        "flag": True,
    }
    assert parts["tables"]["systems"]["columns"] == ["name", "k", "reranker"]
    assert plan_parts(None) == {"values": {}, "tables": {}}


def test_what_followed_the_contexts_is_told_in_the_answer_measure_or_not_at_all(results):
    found = shown(attributions, results)[DOT]
    assert found["changes"] == results["attribution"][DOT]["context_changes"]
    assert found["answer"] == "squad_f1"
    guessed = shown(attributions, results, ["squad_f1"])[DOT]
    assert (guessed["changes"], guessed["changes_axis"], guessed["hits"]) == ({}, None, None)
    of_retrieval = shown(attributions, results, ["nDCG@10"])[DOT]
    assert of_retrieval["changes"] == found["changes"]

"""A judge check, against judges behind a real HTTP server."""

import json
import random
import time

import pytest

from norm_aware.benchmark.judging.calls import planned_calls, repeated_items
from norm_aware.benchmark.judging.check import run_check
from norm_aware.benchmark.judging.items import TASKS
from norm_aware.benchmark.rows import Rows
from norm_aware.errors import BenchmarkError, LLMError
from tests.benchmark.judging.fake_judge import FakeJudge, is_comparison, nothing, truth, yes
from tests.benchmark.test_awaiting import interrupt


def check(say, path, *, repeats=1, **changes):
    with FakeJudge(say) as judge:
        return run_check(judge.config(**changes), Rows(path), repeats=repeats), judge


@pytest.fixture(scope="module")
def yes_sayer(tmp_path_factory):
    return check(yes, tmp_path_factory.mktemp("yes") / "rows.jsonl")[0]


@pytest.fixture(scope="module")
def knower(tmp_path_factory):
    return check(truth, tmp_path_factory.mktemp("truth") / "rows.jsonl")[0]


def test_a_judge_that_says_yes_to_everything_is_no_judge(yes_sayer):
    assert yes_sayer["findings"][0] == "It says yes to everything: no judge."
    assert {task["informative"] for task in yes_sayer["tasks"].values()} == {False}
    assert {metric["informative"] for metric in yes_sayer["metrics"].values()} == {False}
    assert yes_sayer["position_bias"]["follows_position"] == 1


def test_a_judge_that_knows_is_informative_for_every_metric(knower):
    assert {task["agreement"] for task in knower["tasks"].values()} == {1}
    assert {metric["informative"] for metric in knower["metrics"].values()} == {True}
    assert knower["position_bias"]["follows_position"] == 0
    assert knower["length_bias"]["difference"] == 0
    assert knower["consistency"]["rephrased"] == 1


def test_a_check_is_json_and_says_whose_it_is_and_what_it_took(knower):
    assert json.loads(json.dumps(knower, allow_nan=False)) == knower
    assert knower["model"] == "fake"
    assert (knower["calls"], knower["failures"]) == (len(planned_calls(1)), 0)
    assert knower["prompt_tokens"] == knower["calls"]
    assert set(knower["tasks"]) == {*TASKS, "comparison"}
    assert not any(word in json.dumps(knower) for word in ("127.0.0.1", "http"))


def test_a_judge_that_guesses_is_informative_for_next_to_nothing(tmp_path):
    generator = random.Random(3)
    found, _ = check(
        lambda call: generator.choice("AB" if is_comparison(call) else ("yes", "no")), tmp_path / "rows"
    )
    assert sum(task["informative"] for task in found["tasks"].values()) <= 1


def test_a_check_that_was_stopped_asks_only_for_what_is_missing(tmp_path):
    path = tmp_path / "rows.jsonl"
    first, judge = check(truth, path)
    assert len(judge.asked) == first["calls"]
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-10]) + "\n" + lines[-10][:20])  # as a kill leaves it
    again, judge = check(truth, path)
    assert len(judge.asked) == 10
    assert again["tasks"] == first["tasks"]


def test_an_interrupt_stops_a_check_and_keeps_its_replies(tmp_path):
    path = tmp_path / "rows.jsonl"

    def say(call):
        if len(judge.asked) == 30:
            interrupt()
        time.sleep(0.01 if len(judge.asked) < 30 else 0.05)
        return truth(call)

    with FakeJudge(say) as judge, pytest.raises(KeyboardInterrupt):
        run_check(judge.config(), Rows(path), repeats=0)
    total = len(planned_calls(0))
    kept = len(list(Rows(path).read()))
    assert 0 < kept <= len(judge.asked) < total
    found, judge = check(truth, path, repeats=0)
    assert (len(judge.asked), found["failures"]) == (total - kept, 0)


def test_more_repeats_ask_for_the_repeats_alone(tmp_path):
    path = tmp_path / "rows.jsonl"
    check(truth, path, repeats=0)
    found, judge = check(truth, path, repeats=1)
    assert len(judge.asked) == len(repeated_items())
    assert {request["temperature"] for request in judge.requests} == {0.7}
    assert {request["seed"] for request in judge.requests} == {1}
    assert found["consistency"]["repeats"] == 1


def test_a_failed_call_is_disagreement_and_is_made_again_next_time(tmp_path):
    path = tmp_path / "rows.jsonl"
    bad = {f"support-{number:02d}-yes" for number in (1, 2, 4, 5)}
    found, _ = check(lambda call: None if call.id in bad else truth(call), path, repeats=0)
    support = found["tasks"]["support"]
    assert (found["failures"], support["failures"]) == (4, 4)
    assert support["agreement"] == pytest.approx(1 - 4 / support["n"])
    assert found["findings"][-1].startswith("4 of ")
    found, judge = check(truth, path, repeats=0)
    assert set(judge.asked) == bad
    assert found["failures"] == 0


def test_calls_that_fail_every_time_are_no_reason_to_give_up_a_judge(tmp_path):
    path = tmp_path / "rows.jsonl"

    def say(call):
        return None if call.id.startswith("usefulness-0") else truth(call)

    first, _ = check(say, path, repeats=0)
    again, judge = check(say, path, repeats=0)
    assert first["failures"] == again["failures"] == len(set(judge.asked)) > 8
    assert all(name.startswith("usefulness-0") for name in judge.asked)


def test_a_judge_that_is_gone_when_a_stopped_check_goes_on_is_told(tmp_path):
    path = tmp_path / "rows.jsonl"
    check(lambda call: None if call.id == "support-01-yes" else truth(call), path, repeats=0)
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in lines[:-50]))
    with pytest.raises(LLMError, match="gave no verdict on the first"):
        check(nothing, path, repeats=0)


def test_a_verdict_outside_the_schema_is_a_failure(tmp_path):
    found, _ = check(
        lambda call: "perhaps" if call.id == "support-01-yes" else truth(call), tmp_path / "rows", repeats=0
    )
    assert found["failures"] == 1


def test_a_judge_that_cannot_be_asked_is_given_up_early(tmp_path):
    with FakeJudge(nothing) as judge:
        with pytest.raises(LLMError, match="gave no verdict on the first"):
            run_check(judge.config(concurrency=2), Rows(tmp_path / "rows"), repeats=0)
        assert len(judge.requests) < 60  # each call may be tried in several forms


def test_a_negative_number_of_repeats_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match="-1 repeats"):
        check(yes, tmp_path / "rows", repeats=-1)

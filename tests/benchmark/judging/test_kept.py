"""Kept checks: found by the judge they are of, and by no other."""

import json

import pytest

from norm_aware.benchmark.judging.calls import planned_calls
from norm_aware.benchmark.judging.kept import check_for, check_judge, checks_folder, find_check, load_check
from norm_aware.benchmark.judging.trust import judge_fingerprint
from norm_aware.errors import BenchmarkError
from tests.benchmark.judging.fake_judge import FakeJudge, truth


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("checks")


@pytest.fixture(scope="module")
def judge():
    with FakeJudge(truth) as judge:
        yield judge


@pytest.fixture
def kept(judge, folder):
    return check_judge(judge.config(), repeats=0, folder=folder)


def test_a_check_is_found_by_its_judge_without_asking_again(kept, judge, folder):
    asked = len(judge.asked)
    assert find_check(judge_fingerprint(judge.config(max_tokens=9)), folder=folder) == kept
    assert check_for("auto", judge.config(), folder=folder) == kept
    assert len(judge.asked) == asked


def test_another_temperature_is_another_judge(kept, judge, folder):
    assert find_check(judge_fingerprint(judge.config(temperature=0.5)), folder=folder) is None


def test_auto_checks_a_judge_that_was_not_checked(judge, tmp_path):
    found = check_for("auto", judge.config(), folder=tmp_path / "new")
    assert find_check(found["fingerprint"], folder=tmp_path / "new") == found


def test_none_goes_without(judge, tmp_path):
    assert check_for("none", judge.config(), folder=tmp_path) is None


def test_a_path_is_taken_if_it_is_of_this_judge(kept, judge, folder):
    path = folder / f"{kept['fingerprint']}.json"
    assert check_for(str(path), judge.config()) == kept
    with pytest.raises(BenchmarkError, match="is the check of fake"):
        check_for(str(path), judge.config(temperature=1.0))


def test_a_check_of_other_questions_is_not_found_and_by_its_path_refused(kept, judge, tmp_path):
    path = tmp_path / f"{kept['fingerprint']}.json"
    path.write_text(json.dumps({**kept, "questions": "older"}))
    assert find_check(kept["fingerprint"], folder=tmp_path) is None
    with pytest.raises(
        BenchmarkError, match=r"is a check by other questions \(older\) than this version asks"
    ):
        check_for(str(path), judge.config())


def test_a_check_with_failed_calls_is_completed_by_these_alone_before_it_serves(tmp_path):
    served = len(planned_calls(0)) - 20

    def dies_midway(call):
        return truth(call) if len(judge.asked) <= served else None

    with FakeJudge(dies_midway) as judge:
        config = judge.config()
        bad = check_judge(config, repeats=0, folder=tmp_path)
        assert 0 < bad["failures"] < bad["calls"]
        assert find_check(bad["fingerprint"], folder=tmp_path) is None
        judge.say = truth
        del judge.asked[:]
        good = check_judge(config, repeats=0, folder=tmp_path)
        assert (good["failures"], len(judge.asked)) == (0, bad["failures"])
        assert find_check(bad["fingerprint"], folder=tmp_path) == good
        check_for("auto", config, folder=tmp_path)
        assert len(judge.asked) == bad["failures"]


def test_auto_completes_a_check_with_failed_calls(tmp_path):
    with FakeJudge(lambda call: None if call.id == "support-01-yes" else truth(call)) as judge:
        config = judge.config()
        assert check_for("auto", config, folder=tmp_path)["failures"] == 1
        judge.say = truth
        del judge.asked[:]
        assert check_for("auto", config, folder=tmp_path)["failures"] == 0
        assert set(judge.asked) == {"support-01-yes"}


def test_a_damaged_check_is_not_found(tmp_path):
    (tmp_path / "abc.json").write_text("{")
    assert find_check("abc", folder=tmp_path) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"model": "m"}', None])
def test_a_file_that_is_no_check_is_refused_by_name(content, tmp_path):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BenchmarkError, match=r"file\.json"):
        load_check(path)


def test_a_folder_that_cannot_be_made_is_refused(judge, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchmarkError, match="cannot be written"):
        check_judge(judge.config(), folder=tmp_path / "file" / "checks")


def test_checks_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert checks_folder().name == "judge-checks"
    assert "norm-aware" in checks_folder().parts

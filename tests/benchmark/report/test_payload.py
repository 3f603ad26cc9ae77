import json
import re

import pytest

from norm_aware.benchmark.report import payload
from norm_aware.benchmark.report.payload import CUTS, embedded_questions
from norm_aware.benchmark.report.render import render
from tests.benchmark.report.hostile import poison_texts
from tests.benchmark.report.make_results import BASELINE, BM25, DOT, HALF, make_results


def read(results):
    text = embedded_questions(results, candidates=[HALF, DOT], primary="nDCG@10")
    return text, json.loads(text)


def test_every_run_can_be_read_back_from_positions(results):
    _, data = read(results)
    names = [measure[0] for measure in data["measures"]]
    for question, query in zip(data["questions"], results["queries"], strict=True):
        assert question[:3] == [query["query_id"], query["text"], query["answers"]]
        assert [data["documents"][at][0] for at in question[3]] == query["relevant"]
        for system, run in zip((BASELINE, HALF, DOT), question[4], strict=True):
            wanted = query["systems"][system]
            assert [data["documents"][at][0] for at in run[0]] == [d["id"] for d in wanted["documents"]]
            assert run[1] == pytest.approx([d["score"] for d in wanted["documents"]], rel=1e-3)
            assert run[3] == wanted["contexts"]
            assert (None if run[4] is None else data["texts"][run[4]]) == wanted["answer"]
            for name, value in zip(names, run[5], strict=True):
                expected = None if name == "faithfulness" else wanted["measures"][name]
                assert value == (None if expected is None else pytest.approx(expected, abs=1e-4))
            said = {names[at]: data["texts"][text] for at, text in run[6]}
            assert said == wanted["explanations"]


def test_a_text_that_many_share_is_stored_once(results):
    for query in results["queries"]:
        for run in query["systems"].values():
            run["answer"] = "the same answer to everything"
    assert read(results)[0].count("the same answer to everything") == 1


def test_no_text_can_end_the_element_that_holds_it(results):
    poison_texts(results)
    text, data = read(results)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert "</script>" in data["questions"][0][1]


def test_a_failure_stands_with_its_run_and_its_reason(results):
    results["failures"] = [
        {"system": DOT, "query_id": "q1", "measure": "answer", "reason": "timeout"},
        {"system": DOT, "query_id": "q1", "measure": "squad_f1", "reason": None},
    ]
    _, data = read(results)
    found = data["questions"][0][4][2][7]
    assert [(at, data["texts"][text]) for at, text in found] == [(-1, "timeout"), (4, "no reason given")]
    assert data["questions"][0][4][0][7] == []


def test_texts_are_cut_only_as_far_as_the_budget_asks(results, monkeypatch):
    whole, data = read(results)
    assert data["cut"] == CUTS[0][0]
    monkeypatch.setattr(payload, "BUDGET", int(len(whole.encode()) * 0.6))
    cut, data = read(results)
    assert len(cut.encode()) <= int(len(whole.encode()) * 0.6)
    assert data["cut"] < CUTS[0][0]
    assert data["documents"][0][2].endswith("…")


def test_texts_in_any_script_count_as_the_bytes_they_are():
    results = make_results(queries=40, corpus=300)
    for document in results["documents"].values():
        document["text"] = "語" * 600
    text, data = read(results)
    assert data["documents"][0][2] == "語" * data["cut"]
    assert len(text.encode()) > len(text) * 1.5


def test_a_question_that_a_system_was_not_asked_has_no_run(results):
    del results["queries"][0]["systems"][DOT]
    assert read(results)[1]["questions"][0][4][2] is None


def test_500_questions_of_four_systems_stay_under_3_megabytes():
    systems = (BASELINE, HALF, DOT, BM25)
    results = make_results(systems, 500, corpus=6000, text=600)
    for query in results["queries"]:
        for system, run in query["systems"].items():
            run["explanations"] = dict.fromkeys(
                run["explanations"], f"{query['query_id']} {system} " + "because it is so " * 30
            )
    assert len(render(results).encode()) < 3_000_000


@pytest.mark.parametrize("markup", ["<a href='#'>&amp; so on</a> ", "<>&"])
def test_500_questions_whose_texts_are_all_markup_stay_under_3_megabytes_too(markup):
    results = make_results((BASELINE, HALF, DOT, BM25), 500, corpus=6000, text=600)
    for document in results["documents"].values():
        document["text"] = (markup * 600)[:600]
    for query in results["queries"]:
        for system, run in query["systems"].items():
            own = f"{query['query_id']} {system} " + markup * 300
            run |= {"answer": own, "explanations": dict.fromkeys(run["explanations"], "!" + own)}
    text = embedded_questions(results, candidates=[HALF, DOT, BM25], primary="nDCG@10")
    assert len(text.encode()) <= payload.BUDGET
    assert len(render(results).encode()) < 3_000_000

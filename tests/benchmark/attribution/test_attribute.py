from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from norm_aware.benchmark.attribution.attribute import Options, attribute
from norm_aware.benchmark.attribution.differences import Resampling
from norm_aware.benchmark.attribution.ladder import intermediate
from norm_aware.benchmark.attribution.noise import RepeatScore
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.systems.system import System
from norm_aware.numeric.similarity import COSINE, DOT

SYSTEMS = (
    System("cosine", COSINE, context_k=2),
    System("dot", DOT, context_k=2, exact=False, reranker="cross-encoder"),
)
RUNGS = intermediate(SYSTEMS)
MEASURES = {"nDCG@10": "retrieval", "squad_f1": "answer", "faithfulness": "judged"}
OPTIONS = Options(rungs=RUNGS, resampling=Resampling(draws=200))
QUESTIONS = [f"q{i:02}" for i in range(12)]
DOCUMENTS = [f"d{i:02}" for i in range(24)]
RELEVANT = {q: [DOCUMENTS[i], *([DOCUMENTS[i + 12]] if i % 2 else [])] for i, q in enumerate(QUESTIONS)}
DATASET = Dataset(
    "tiny",
    tuple(Document(d, f"title {d}", "words " * (i + 1)) for i, d in enumerate(DOCUMENTS)),
    tuple(Query(q, q) for q in QUESTIONS),
    {q: dict.fromkeys(ids, 1) for q, ids in RELEVANT.items()},
)
NORMS = {d: 1.0 + i / 10 for i, d in enumerate(DOCUMENTS)}


def a_run():
    generator = np.random.default_rng(4)
    run, scores = {}, []
    for system in (*SYSTEMS, *RUNGS):
        for query in QUESTIONS:
            first = RELEVANT[query][:1] if generator.random() < 0.5 else []
            others = [DOCUMENTS[i] for i in generator.permutation(24)[:20]]
            ids = [*first, *(d for d in others if d not in first)]
            run[system.name, query] = {"documents": [{"id": d, "score": 0.5, "norm": None} for d in ids]}
            scores += [
                {"system": system.name, "query_id": query, "measure": m, "value": float(generator.random())}
                for m in MEASURES
            ]
    scores[1]["value"] = None  # an answer that failed
    return run, scores


RUN, SCORES = a_run()


def values(system, measure):
    return {
        row["query_id"]: row["value"]
        for row in SCORES
        if row["system"] == system and row["measure"] == measure and row["value"] is not None
    }


def attributed(systems=SYSTEMS, *, run=RUN, scores=SCORES, norms=NORMS, options=OPTIONS):
    return attribute(
        DATASET, systems, run=run, scores=scores, norms=norms, measures=MEASURES, options=options
    )


def test_the_result_has_the_shapes_that_results_json_takes():
    found = attributed()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {"attribution", "breakdowns"}
    (of_dot,) = found["attribution"].values()
    assert set(of_dot) == {
        "steps", "totals", "noise", "gain", "context_changes", "hits", "moved", "movement",
    }  # fmt: skip
    estimate = {"n", "difference", "low", "high"}
    assert {frozenset(s) for of in of_dot["steps"].values() for s in of} == {
        frozenset({"step", "from", "to"} | estimate)
    }
    assert set(of_dot["gain"]) == {
        "retrieval", "answer", "points", "correlation", "low", "high", "quadrants",
    }  # fmt: skip
    assert set(of_dot["context_changes"]) == {"entered", "left", "kept", "absent"}
    assert set(of_dot["context_changes"]["kept"]) == {"questions"} | estimate
    assert set(of_dot["moved"]) == {"promoted", "demoted"}
    assert set(of_dot["hits"]) == {"cosine", "dot"}
    for breakdown in found["breakdowns"]:
        assert set(breakdown) == {"by", "candidate", "measure", "groups"}
        assert {frozenset(group) for group in breakdown["groups"]} == {frozenset({"name"} | estimate)}


def test_every_measure_is_attributed_step_by_step_to_its_whole_difference():
    of_dot = attributed()["attribution"]["dot"]
    assert list(of_dot["steps"]) == list(of_dot["totals"]) == list(MEASURES)
    for measure in MEASURES:
        steps, whole = of_dot["steps"][measure], of_dot["totals"][measure]
        assert [step["step"] for step in steps] == ["retrieval", "index", "reranker"]
        assert (steps[0]["from"], steps[-1]["to"]) == ("cosine", "dot")
        assert sum(step["difference"] for step in steps) == pytest.approx(whole["difference"], abs=1e-12)
        before, after = values("cosine", measure), values("dot", measure)
        paired = [after[q] - before[q] for q in before.keys() & after.keys()]
        assert whole["n"] == len(paired) == (11 if measure == "squad_f1" else 12)
        assert whole["difference"] == pytest.approx(np.mean(paired))


def test_without_the_systems_between_there_is_one_step_that_says_so():
    found = attributed(options=Options())["attribution"]["dot"]
    assert [step["step"] for step in found["steps"]["nDCG@10"]] == ["retrieval + index + reranker"]


def test_gain_and_contexts_are_of_the_answers_measure():
    found = attributed()["attribution"]["dot"]
    gain = found["gain"]
    assert (gain["retrieval"], gain["answer"]) == ("nDCG@10", "squad_f1")
    before, after = values("cosine", "squad_f1"), values("dot", "squad_f1")
    assert {p["query_id"]: p["answer"] for p in gain["points"]} == {
        q: pytest.approx(after[q] - before[q]) for q in before.keys() & after.keys()
    }
    entered = [q for q in QUESTIONS if hits("dot", q) > hits("cosine", q)]
    group = found["context_changes"]["entered"]
    assert group["questions"] == len(entered) > 0
    known = [after[q] - before[q] for q in entered if q in before]
    assert (group["n"], group["difference"]) == (len(known), pytest.approx(np.mean(known)))
    hit = found["hits"]["dot"]["hit"]
    assert hit["mean"] == pytest.approx(np.mean([after[q] for q in QUESTIONS if hits("dot", q)]))


def hits(system, query):
    return len({d["id"] for d in RUN[system, query]["documents"][:2]} & {*RELEVANT[query]})


def test_another_answer_measure_may_be_asked_for_and_a_judged_one_stands_in():
    chosen = attributed(options=Options(answer_measure="faithfulness"))
    assert chosen["attribution"]["dot"]["gain"]["answer"] == "faithfulness"
    judged = attribute(
        DATASET, SYSTEMS, run=RUN, scores=SCORES, norms=NORMS, measures={"faithfulness": "judged"}
    )
    gain = judged["attribution"]["dot"]["gain"]
    assert (gain["retrieval"], gain["answer"], gain["points"]) == (None, "faithfulness", [])


def test_a_measure_of_guesses_never_speaks_for_the_answers_and_keeps_its_steps():
    def of_dot(**known):
        measures = {"nDCG@10": "retrieval", "faithfulness": "judged", "answer_accuracy": "judged"}
        renamed = [{**row, "measure": "answer_accuracy"} for row in SCORES if row["measure"] == "squad_f1"]
        return attribute(
            DATASET,
            SYSTEMS,
            run=RUN,
            scores=[*SCORES, *renamed],
            norms=NORMS,
            measures=measures,
            options=replace(OPTIONS, **known),
        )["attribution"]["dot"]

    trusted = of_dot()
    assert trusted["gain"]["answer"] == "faithfulness"
    assert of_dot(uninformative={"faithfulness"})["gain"]["answer"] == "answer_accuracy"
    found = of_dot(uninformative={"faithfulness", "answer_accuracy"})
    assert (found["steps"], found["totals"]) == (trusted["steps"], trusted["totals"])
    assert [found["gain"][key] for key in ("answer", "points", "correlation")] == [None, [], None]
    assert {(row["n"], row["difference"], row["low"]) for row in found["context_changes"].values()} == {
        (0, None, None)
    }
    assert {row["mean"] for sides in found["hits"].values() for row in sides.values()} == {None}


def test_a_run_without_answers_still_says_which_contexts_changed():
    found = attribute(
        DATASET, SYSTEMS, run=RUN, scores=SCORES, norms=NORMS, measures={"nDCG@10": "retrieval"}
    )["attribution"]["dot"]
    assert sum(group["questions"] for group in found["context_changes"].values()) == 12
    assert {group["n"] for group in found["context_changes"].values()} == {0}
    assert found["gain"]["answer"] is None
    assert found["noise"] == {}


def test_noise_is_of_answers_and_knows_which_were_shared():
    run = {**RUN, ("dot", "q03"): RUN["cosine", "q03"]}
    repeats = [RepeatScore(s.name, q, "squad_f1", 1, 0.5) for s in SYSTEMS for q in QUESTIONS]
    options = Options(repeats=repeats)
    alone = attributed(options=options)["attribution"]["dot"]["noise"]
    sharing = attributed(run=run, options=options)["attribution"]["dot"]["noise"]
    assert alone["faithfulness"] is None
    assert "nDCG@10" not in alone
    assert (alone["squad_f1"]["n"], sharing["squad_f1"]["n"]) == (11, 10)


def test_further_answers_in_the_run_are_scored_where_no_scores_of_them_are_given():
    run = {key: {**row, "repeats": ["Rome", "in Rome"]} for key, row in RUN.items()}
    answered = replace(DATASET, queries=tuple(Query(q, q, ("Rome",)) for q in QUESTIONS))
    noise = attribute(answered, SYSTEMS, run=run, scores=SCORES, norms=NORMS, measures=MEASURES)
    assert noise["attribution"]["dot"]["noise"]["squad_f1"]["sd"] > 0
    assert attributed()["attribution"]["dot"]["noise"] == {"squad_f1": None, "faithfulness": None}


def test_questions_are_broken_down_by_type_length_norm_and_relevant_documents():
    kinds = {q: "when" if i < 6 else "who" for i, q in enumerate(QUESTIONS)}
    found = attributed(options=Options(kinds=kinds))["breakdowns"]
    wanted = {"question type", "document length", "document norm", "relevant documents"}
    assert {(b["by"], b["measure"]) for b in found} == {(by, m) for by in wanted for m in MEASURES}
    for breakdown in found:
        assert sum(group["n"] for group in breakdown["groups"]) == (
            11 if breakdown["measure"] == "squad_f1" else 12
        )
    assert {b["by"] for b in attributed(norms={})["breakdowns"]} == {"document length", "relevant documents"}


def test_norms_that_are_not_known_are_left_out_and_not_guessed():
    unknown = attributed(norms=dict.fromkeys(DOCUMENTS))
    assert unknown == attributed(norms={})
    assert unknown["attribution"]["dot"]["moved"]["promoted"][0]["norm"] is None


def test_the_order_of_rows_changes_nothing():
    shuffle = random.Random(3)
    run = dict(shuffle.sample(list(RUN.items()), len(RUN)))
    scores = shuffle.sample(SCORES, len(SCORES))
    assert attributed(run=run, scores=scores) == attributed()


def test_swapping_baseline_and_candidate_turns_every_difference_around():
    there = attributed()["attribution"]["dot"]
    swapped = attributed(SYSTEMS[::-1])
    back = swapped["attribution"]["cosine"]
    for measure in MEASURES:
        up, down = there["steps"][measure], back["steps"][measure][::-1]
        assert [(s["from"], s["to"]) for s in up] == [(s["to"], s["from"]) for s in down]
        assert [s["difference"] for s in up] == pytest.approx([-s["difference"] for s in down])
    assert back["gain"]["correlation"] == pytest.approx(there["gain"]["correlation"])
    assert back["context_changes"]["left"]["questions"] == there["context_changes"]["entered"]["questions"]
    assert back["hits"] == there["hits"]
    for one, other in zip(attributed()["breakdowns"], swapped["breakdowns"], strict=True):
        assert [g["name"] for g in one["groups"]] == [g["name"] for g in other["groups"]]
        assert [g["difference"] for g in one["groups"]] == pytest.approx(
            [-g["difference"] for g in other["groups"]]
        )

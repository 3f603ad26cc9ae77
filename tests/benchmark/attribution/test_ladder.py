from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.ladder import climbed, intermediate, ladder, same
from norm_aware.benchmark.llms.prompt import Prompt
from norm_aware.benchmark.systems.system import System
from norm_aware.calibration.calibration import Calibration
from norm_aware.numeric.similarity import COSINE, DOT

BASELINE = System("cosine", COSINE)
CANDIDATE = System(
    "everything",
    DOT,
    reranker="cross-encoder",
    exact=False,
    context_k=5,
    prompt=Prompt(user="{contexts} {question}"),
    llm="other",
)
CALIBRATION = Calibration.cosine(("encoder", "0123"), dimension=2)


def systems(name: str) -> st.SearchStrategy[System]:
    return st.builds(
        System,
        st.just(name),
        st.sampled_from([COSINE, DOT]),
        calibration=st.sampled_from([None, CALIBRATION]),
        reranker=st.sampled_from([None, "dot", "cross-encoder"]),
        exact=st.booleans(),
        context_k=st.sampled_from([3, 5]),
        prompt=st.sampled_from([Prompt(), Prompt(system="Answer.")]),
        llm=st.sampled_from([None, "other"]),
    )


def test_a_candidate_that_differs_in_everything_is_reached_one_change_at_a_time():
    rungs = ladder(BASELINE, CANDIDATE)
    assert [rung.step for rung in rungs] == [
        "baseline", "retrieval", "index", "reranker", "context_k", "prompt", "llm",
    ]  # fmt: skip
    plain = {"reranker": None, "exact": True, "context_k": 3, "prompt": Prompt(), "llm": None}
    assert same(rungs[1].system, replace(CANDIDATE, **plain))
    assert rungs[1].system.name == "cosine to everything (after retrieval)"
    assert rungs[0].system == BASELINE
    assert rungs[-1].system == CANDIDATE


def test_what_both_put_on_top_of_unlike_retrievals_is_taken_off_and_put_on_again():
    topped = {"reranker": "cross-encoder", "exact": False}
    rungs = ladder(replace(BASELINE, **topped), System("dot", DOT, **topped))
    assert [rung.step for rung in rungs] == [
        "baseline", "baseline reranker", "baseline index", "retrieval", "index", "reranker",
    ]  # fmt: skip
    assert [(r.system.similarity, r.system.exact, r.system.reranker) for r in rungs[2:4]] == [
        (COSINE, True, None),
        (DOT, True, None),
    ]


def test_systems_that_retrieve_alike_keep_what_they_share():
    approximate = replace(BASELINE, exact=False)
    rungs = ladder(approximate, replace(approximate, name="reranked", reranker="dot"))
    assert [rung.step for rung in rungs] == ["baseline", "reranker"]


def test_a_system_is_no_step_away_from_itself_by_another_name():
    assert [rung.step for rung in ladder(BASELINE, replace(BASELINE, name="again"))] == ["baseline"]


@given(systems("a"), systems("b"))
def test_every_rung_changes_one_thing_and_the_last_is_the_candidate(baseline, candidate):
    rungs = ladder(baseline, candidate)
    assert rungs[0].system == baseline
    assert same(rungs[-1].system, candidate)
    changed = {
        "baseline reranker": {"reranker"},
        "baseline index": {"exact"},
        "retrieval": {"similarity", "calibration"},
        "index": {"exact"},
    }
    fields = ("similarity", "calibration", "exact", "reranker", "context_k", "prompt", "llm")
    for below, above in pairwise(rungs):
        different = {f for f in fields if getattr(below.system, f) != getattr(above.system, f)}
        assert different
        assert different <= changed.get(above.step, {above.step})
    names = [rung.system.name for rung in rungs]
    assert len(set(names)) == len(names)
    if len(rungs) > 1:
        assert rungs[-1].system == candidate


@given(systems("a"), systems("b"))
def test_the_way_back_from_another_retrieval_is_the_way_there_backwards(baseline, candidate):
    candidate = replace(candidate, context_k=baseline.context_k, prompt=baseline.prompt, llm=baseline.llm)
    there, back = ladder(baseline, candidate), ladder(candidate, baseline)
    retrieves_alike = (baseline.similarity, baseline.calibration) == (
        candidate.similarity,
        candidate.calibration,
    )
    if not retrieves_alike:
        assert len(there) == len(back)
        assert all(same(x.system, y.system) for x, y in zip(there, reversed(back), strict=True))


def test_a_calibration_loaded_twice_is_one_system():
    again = Calibration.cosine(("encoder", "0123"), dimension=2)
    assert same(System("a", calibration=CALIBRATION), System("b", calibration=again))
    assert not same(System("a", calibration=CALIBRATION), System("b", COSINE))


def test_the_systems_between_are_needed_once_and_compared_ones_not_again():
    dot = System("dot", DOT)
    approximate = System("dot approximate", DOT, exact=False)
    reranked = System("dot reranked", DOT, exact=False, reranker="cross-encoder")
    assert intermediate([BASELINE, dot, approximate, reranked]) == ()
    needed = intermediate([BASELINE, approximate, reranked])
    assert len(needed) == 1
    assert same(needed[0], dot)


@given(systems("a"), systems("b"), systems("c"))
def test_a_run_with_the_systems_between_has_the_whole_ladder(baseline, first, second):
    compared = (baseline, first, second)
    for candidate in (first, second):
        rungs = ladder(baseline, candidate)
        found = climbed(rungs, (*compared, *intermediate(compared)))
        assert [rung.step for rung in found] == [rung.step for rung in rungs]
        assert (found[0].system, found[-1].system) == (rungs[0].system, rungs[-1].system)


def test_a_run_without_the_systems_between_takes_their_steps_at_once():
    found = climbed(ladder(BASELINE, CANDIDATE), [BASELINE, CANDIDATE])
    assert [rung.step for rung in found] == [
        "baseline", "retrieval + index + reranker + context_k + prompt + llm",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", [1, 2])
def test_a_ladder_that_lacks_a_rung_steps_over_it(missing):
    rungs = ladder(BASELINE, replace(CANDIDATE, context_k=3, prompt=Prompt(), llm=None))
    found = climbed(rungs, [r.system for i, r in enumerate(rungs) if i != missing])
    assert found[missing].step == f"{rungs[missing].step} + {rungs[missing + 1].step}"

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.attribution.differences import Resampling
from norm_aware.benchmark.attribution.moved import DocumentFacts, Move, moved, movement, moves
from norm_aware.benchmark.datasets.dataset import Document

NAMES = [f"d{i:02}" for i in range(14)]
DOCUMENTS = {name: Document(name, f"title {name}", name * (i + 1)) for i, name in enumerate(NAMES)}
NORMS = {name: 1.0 + i for i, name in enumerate(NAMES)}  # median 7.5
FACTS = DocumentFacts(DOCUMENTS, NORMS)
FEW = Resampling(draws=100)

rankings = st.dictionaries(
    st.sampled_from(["q1", "q2", "q3"]), st.lists(st.sampled_from(NAMES), unique=True), min_size=3
)


def test_moves_worked_by_hand():
    found = moves({"q": ["a", "b", "c"]}, {"q": ["a", "c", "d"]}, {"q": ["d"]})
    assert found == [
        Move("b", "q", 2, None, False),
        Move("c", "q", 3, 2, False),
        Move("d", "q", None, 3, True),
    ]
    assert [move.size for move in found] == pytest.approx([-1 / math.log2(3), 1 / math.log2(3) - 0.5, 0.5])


@given(rankings, rankings)
def test_swapping_the_systems_swaps_promoted_and_demoted(before, after):
    relevant = dict.fromkeys(before, ("d01",))
    there, back = moves(before, after, relevant), moves(after, before, relevant)
    assert back == [Move(m.document, m.query_id, m.after, m.before, m.relevant) for m in there]
    found, turned = (moved(m, FACTS) for m in (there, back))
    for way, other in (("promoted", "demoted"), ("demoted", "promoted")):
        assert [(row["document"], row["before"], row["after"]) for row in found[way]] == [
            (row["document"], row["after"], row["before"]) for row in turned[other]
        ]
    ours, theirs = (movement(m, FACTS, resampling=FEW) for m in (there, back))
    for one, two in zip(ours["depths"], theirs["depths"], strict=True):
        assert (one["entered"], one["left"]) == (two["left"], two["entered"])
        favours = one["favours"]["relative_norm"]["difference"]
        mirrored = two["favours"]["relative_norm"]["difference"]
        assert mirrored == (None if favours is None else pytest.approx(-favours, abs=1e-12))


@given(rankings, rankings)
def test_what_is_listed_moved_within_the_first_ten_and_the_largest_comes_first(before, after):
    found = moved(moves(before, after, dict.fromkeys(before, ())), FACTS)
    for row in found["promoted"]:
        assert row["after"] <= 10
        assert row["before"] is None or row["before"] > row["after"]
    for row in found["demoted"]:
        assert row["before"] <= 10
        assert row["after"] is None or row["after"] > row["before"]
    for rows in found.values():
        sizes = [abs(Move("", "", row["before"], row["after"], False).size) for row in rows]
        assert sizes == sorted(sizes, reverse=True)


def test_a_moved_document_is_told_with_its_norm_beside_the_corpus():
    found = moved(moves({"q": ["d00"]}, {"q": ["d13"]}, {"q": ["d13"]}), FACTS)
    assert found["promoted"] == [
        {
            "document": "d13", "query_id": "q", "before": None, "after": 1, "relevant": True, "norm": 14.0,
            "relative_norm": pytest.approx(14 / 7.5), "title": "title d13", "excerpt": ("d13" * 14)[:240],
            "characters": 3 * 14 + 10,
        }
    ]  # fmt: skip
    assert found["demoted"][0]["relative_norm"] == pytest.approx(1 / 7.5)


def test_a_candidate_that_favours_long_vectors_is_told_so():
    before = {f"q{i}": NAMES[:10] for i in range(6)}
    after = {f"q{i}": NAMES[2:12] for i in range(6)}
    relevant = dict.fromkeys(before, ("d00",))
    found = movement(moves(before, after, relevant), FACTS, resampling=FEW)
    ten, hundred = found["depths"]
    assert (ten["depth"], hundred["depth"]) == (10, 100)
    assert ten["entered"] == {
        "n": 12, "norm": 11.5, "relative_norm": pytest.approx(11.5 / 7.5), "characters": 44.5, "relevant": 0,
    }  # fmt: skip
    assert ten["left"]["norm"] == 1.5
    assert ten["left"]["relevant"] == 6
    assert ten["favours"]["relative_norm"] == {
        "n": 6, "difference": pytest.approx(10 / 7.5),
        "low": pytest.approx(10 / 7.5), "high": pytest.approx(10 / 7.5),
    }  # fmt: skip
    assert ten["favours"]["characters"]["difference"] == pytest.approx(30)
    assert [(row["document"], row["entered"], row["left"]) for row in found["often"]["promoted"]] == [
        ("d10", 6, 0),
        ("d11", 6, 0),
    ]
    assert [row["document"] for row in found["often"]["demoted"]] == ["d00", "d01"]


def test_documents_whose_norm_is_not_known_move_too():
    found = moves({"q": ["d00"]}, {"q": ["d01"]}, {"q": []})
    assert moved(found, DocumentFacts(DOCUMENTS, {}))["promoted"][0]["norm"] is None
    ten = movement(found, DocumentFacts(DOCUMENTS, {}), resampling=FEW)["depths"][0]
    assert ten["entered"]["norm"] is None
    assert ten["favours"]["relative_norm"]["n"] == 0
    assert ten["favours"]["characters"]["n"] == 1

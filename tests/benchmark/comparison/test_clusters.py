from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from norm_aware.benchmark.comparison.clusters import question_clusters


def test_questions_that_share_no_document_are_independent():
    assert question_clusters({"q1": ["a"], "q2": ["b"], "q3": []}) is None
    assert question_clusters({}) is None


def test_sharing_goes_through_other_questions():
    found = question_clusters({"q1": ["a"], "q2": ["b"], "q3": ["c", "a"], "q4": ["b", "c"]})
    assert found == {"q1": 0, "q2": 0, "q3": 0, "q4": 0}


@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=3), max_size=12))
def test_clusters_are_the_connected_components(documents):
    relevant = {f"q{i}": found for i, found in enumerate(documents)}
    components: list[tuple[set, set]] = []
    for question, found in relevant.items():
        joined = [c for c in components if c[1] & set(found)]
        components = [c for c in components if c not in joined]
        components.append(
            ({question}.union(*(c[0] for c in joined)), set(found).union(*(c[1] for c in joined)))
        )
    expected = {frozenset(questions) for questions, _ in components}
    clusters = question_clusters(relevant)
    if clusters is None:
        assert all(len(questions) == 1 for questions in expected)
    else:
        numbers = set(clusters.values())
        assert {frozenset(q for q in clusters if clusters[q] == n) for n in numbers} == expected

from __future__ import annotations

import math
import random

import pytest

from norm_aware.benchmark.metrics.measures import DESCRIPTIONS, PRIMARY, retrieval_measures


def oracle(ranking: list[str], grades: dict[str, int]) -> dict[str, float]:
    """The textbook definitions, written anew."""
    gains = sorted(grades.values(), reverse=True)
    ideal = sum(g / math.log2(i + 2) for i, g in enumerate(gains[:10]))
    found = sum(grades.get(d, 0) / math.log2(i + 2) for i, d in enumerate(ranking[:10]))
    relevant = {d for d, g in grades.items() if g > 0}
    ranks = [i for i, d in enumerate(ranking[:10], start=1) if d in relevant]
    return {
        "nDCG@10": found / ideal,
        "RR@10": 1 / ranks[0] if ranks else 0.0,
        "R@5": len(relevant & set(ranking[:5])) / len(relevant),
        "R@100": len(relevant & set(ranking[:100])) / len(relevant),
    }


def test_the_measures_are_the_textbooks():
    generator = random.Random(0)
    documents = [f"d{i}" for i in range(150)]
    qrels, run = {}, {}
    for query in range(30):
        qrels[f"q{query}"] = {d: generator.randint(1, 3) for d in generator.sample(documents, 6)}
        run[f"q{query}"] = generator.sample(documents, 120)
    found = retrieval_measures(run, qrels)
    for query, grades in qrels.items():
        assert found[query] == pytest.approx(oracle(run[query], grades), abs=1e-6)


def test_a_query_that_found_nothing_or_is_missing_scores_zero_and_does_not_vanish():
    found = retrieval_measures({"empty": []}, {"empty": {"d": 1}, "missing": {"d": 1}})
    assert found == {query: dict.fromkeys(DESCRIPTIONS, 0.0) for query in ("empty", "missing")}


def test_the_order_given_decides_and_no_tie_is_broken_otherwise():
    for ranking in (["a", "b"], ["b", "a"]):
        found = retrieval_measures({"q": ranking}, {"q": {"a": 1}})
        assert found["q"]["RR@10"] == (1.0 if ranking[0] == "a" else 0.5)


def test_the_primary_measure_is_ndcg_at_10():
    assert PRIMARY == "nDCG@10"

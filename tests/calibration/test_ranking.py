from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.metrics.measures import retrieval_measures
from norm_aware.calibration import ranking
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.ranking import NDCG


def judged(seed: int, *, queries: int, documents: int, relevant: int) -> Judgements:
    generator = np.random.default_rng(seed)
    return Judgements.of(
        [
            {int(d): int(generator.integers(1, 4)) for d in generator.permutation(documents)[:relevant]}
            for _ in range(queries)
        ],
        documents=documents,
    )


def scored(seed: int, judgements: Judgements, *, ties: bool) -> np.ndarray:
    scores = np.random.default_rng(seed + 1).normal(size=(judgements.queries, judgements.documents))
    return (scores.round(0) if ties else scores).astype(np.float32)


def by_ir_measures(judgements: Judgements, scores: np.ndarray) -> list[float]:
    qrels: dict[str, dict[str, int]] = {str(query): {} for query in range(judgements.queries)}
    for query, document, grade in zip(judgements.query, judgements.document, judgements.grade, strict=True):
        qrels[str(query)][str(document)] = int(grade)
    order = np.argsort(-scores, axis=1, kind="stable")
    run = {str(query): [str(document) for document in order[query]] for query in range(judgements.queries)}
    measured = retrieval_measures(run, qrels)
    return [measured[str(query)]["nDCG@10"] for query in range(judgements.queries)]


@pytest.mark.parametrize("many", [0, 12, 10**9], ids=["sorting", "as set", "counting"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("documents", [4, 10, 80])
@pytest.mark.parametrize("relevant", [1, 3, 20])
def test_it_is_ir_measures_ndcg_at_10_with_ties_broken_by_position(
    monkeypatch, many, ties, documents, relevant
):
    monkeypatch.setattr(ranking, "_MANY", many)
    judgements = judged(0, queries=25, documents=documents, relevant=min(relevant, documents - 1))
    scores = scored(0, judgements, ties=ties)
    found = NDCG(judgements).values(scores)
    np.testing.assert_allclose(found, by_ir_measures(judgements, scores), atol=1e-12)


@pytest.mark.parametrize("relevant", [2, 20])
def test_counting_and_sorting_agree_where_every_score_is_the_same(monkeypatch, relevant):
    judgements = judged(3, queries=9, documents=60, relevant=relevant)
    scores = np.zeros((9, 60), dtype=np.float32)
    found = []
    for many in (0, 10**9):
        monkeypatch.setattr(ranking, "_MANY", many)
        found.append(NDCG(judgements).values(scores))
    np.testing.assert_allclose(*found, atol=1e-12)


@pytest.mark.parametrize("relevant", [2, 20])
def test_queries_can_be_measured_in_blocks(relevant):
    judgements = judged(1, queries=10, documents=40, relevant=relevant)
    scores = scored(1, judgements, ties=False)
    ndcg = NDCG(judgements)
    found = np.concatenate([ndcg.values(scores[start : start + 3], start) for start in range(0, 10, 3)])
    np.testing.assert_array_equal(found, ndcg.values(scores))


def test_the_best_order_has_1_and_an_order_without_a_relevant_document_on_top_0():
    judgements = Judgements.of([{0: 3, 1: 1}], documents=30)
    scores = -np.arange(30, dtype=np.float32)[None]
    assert NDCG(judgements).values(scores).tolist() == [1]
    assert NDCG(judgements).values(-scores).tolist() == [0]

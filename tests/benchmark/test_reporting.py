from __future__ import annotations

import numpy as np
import pytest

from norm_aware.benchmark.comparison.compare import compare
from norm_aware.benchmark.comparison.options import ComparisonOptions
from norm_aware.benchmark.comparison.pairs import values_of
from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.reporting import Reporting, attributed
from norm_aware.benchmark.systems.system import System
from norm_aware.numeric.similarity import DOT

DOCUMENTS = tuple(Document(f"d{i}", "", f"text {i}") for i in range(12))
QUERIES = tuple(Query(f"q{i}", f"which {i}") for i in range(6))
DATASET = Dataset("made", DOCUMENTS, QUERIES, {query.id: {f"d{i}": 1} for i, query in enumerate(QUERIES)})
SYSTEMS = (System("cosine"), System("dot", DOT))
RUN = {
    (system.name, query.id): {"documents": [{"id": d.id} for d in DOCUMENTS], "answer": "yes"}
    for system in SYSTEMS
    for query in QUERIES
}
SCORES = [
    {"system": system, "query_id": query, "measure": measure, "value": float(i % 3) / 2}
    for i, (system, query) in enumerate(RUN)
    for measure in ("nDCG@10", "faithfulness")
]


@pytest.mark.parametrize("guesses", [True, False])
def test_without_gold_answers_a_judged_measure_speaks_for_the_answers_unless_its_judge_guesses(guesses):
    check = {"metrics": {"faithfulness": {"informative": not guesses, "why": "it says yes to everything"}}}
    judge = {"model": "m", "fingerprint": "f", "repeats": 1, "check": check}
    found = attributed(
        DATASET,
        QUERIES,
        SYSTEMS,
        rungs=(),
        run=RUN,
        scores=SCORES,
        norms={},
        reporting=Reporting(judge=judge),
    )["attribution"]["dot"]
    assert found["gain"]["answer"] == (None if guesses else "faithfulness")
    assert sum(row["n"] for row in found["context_changes"].values()) == (0 if guesses else 6)
    assert found["steps"]["faithfulness"][0]["n"] == 6


def test_the_whole_difference_is_resampled_as_often_as_a_comparison_is():
    queries = tuple(Query(f"q{i:02}", f"which {i}") for i in range(60))
    dataset = Dataset("made", DOCUMENTS, queries, {query.id: {"d0": 1} for query in queries})
    run = {(s.name, q.id): {"documents": [], "answer": None} for s in SYSTEMS for q in queries}
    drawn = np.random.default_rng(1).random((2, 60))
    scores = [
        {"system": s.name, "query_id": q.id, "measure": "nDCG@10", "value": float(value)}
        for s, column in zip(SYSTEMS, drawn, strict=True)
        for q, value in zip(queries, column, strict=True)
    ]
    ends = {}
    for resamples in (1_000, 10_000):
        reporting = Reporting(comparing=ComparisonOptions(resamples=resamples), clustered=False)
        found = attributed(
            dataset, queries, SYSTEMS, rungs=(), run=run, scores=scores, norms={}, reporting=reporting
        )
        whole = found["attribution"]["dot"]["totals"]["nDCG@10"]
        (compared,) = compare(
            values_of(scores), baseline="cosine", measures=["nDCG@10"], options=reporting.comparing
        )
        ends[resamples] = (whole["low"], whole["high"])
        assert ends[resamples] == pytest.approx((compared.low, compared.high), abs=1e-12)
    assert ends[1_000] != pytest.approx(ends[10_000], abs=1e-4)

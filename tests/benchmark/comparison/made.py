"""results.json of small runs, made without a benchmark."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from norm_aware.benchmark.comparison.clusters import question_clusters
from norm_aware.benchmark.comparison.compare import as_row, compare, mean_values

KINDS = {"nDCG@10": "retrieval", "squad_f1": "answer", "faithfulness": "judged"}


def make_run(
    name: str = "old",
    *,
    questions: int = 120,
    gains: dict[str, float] | None = None,
    missing: int = 0,
    shared: bool = False,
) -> dict[str, Any]:
    """A run of `cosine` and of a candidate for each gain, that is better by it on average on every measure.

    The first `missing` questions have no value of the candidates; `shared` gives every two questions one
    relevant document.
    """
    gains = {"dot": 0.1} if gains is None else gains
    generator = np.random.default_rng(5)
    ids = [f"q{i:03}" for i in range(questions)]
    values: dict[str, dict[str, dict[str, float | None]]] = {}
    for system, gain in {"cosine": 0.0, **gains}.items():
        values[system] = {}
        for measure in KINDS:
            base = np.random.default_rng(len(measure)).uniform(0.3, 0.7, questions)
            noise = generator.normal(0, 0.05, questions) if system != "cosine" else np.zeros(questions)
            noise -= noise.mean()
            scores = (base + gain + noise).tolist()
            lost = missing if system != "cosine" else 0
            values[system][measure] = {
                q: None if i < lost else score for i, (q, score) in enumerate(zip(ids, scores, strict=True))
            }
    relevant = {q: [f"d{i // 2}" if shared else f"d{i}"] for i, q in enumerate(ids)}
    rows = compare(values, baseline="cosine", measures=list(KINDS), clusters=question_clusters(relevant))
    return copy.deepcopy(
        {
            "schema_version": 2,
            "name": name,
            "created": "2026-11-26T00:00:00+00:00",
            "baseline": "cosine",
            "dataset": {
                "name": "weather",
                "digest": "d1",
                "documents": 9,
                "queries": questions,
                "relevant": questions,
            },
            "systems": mean_values(values, measures=list(KINDS)),
            "measures": {m: {"kind": k, "description": "", "informative": True} for m, k in KINDS.items()},
            "comparisons": [as_row(row) for row in rows],
            "failures": [],
            "queries": [
                {
                    "query_id": q,
                    "text": f"What is {q}?",
                    "answers": [],
                    "relevant": relevant[q],
                    "systems": {
                        s: {
                            "documents": [],
                            "contexts": 3,
                            "answer": None,
                            "seconds": 0.1,
                            "measures": {m: values[s][m][q] for m in KINDS},
                        }
                        for s in values
                    },
                }
                for q in ids
            ],
            "configuration": {"encoder": "e", "judge_fingerprint": "j1", "seed": 0},
            "versions": {"numpy": "2"},
            "documents": {},
            "norms": None,
            "attribution": {},
            "breakdowns": [],
            "judge": None,
            "costs": {},
            "plan": None,
        }
    )

"""A results.json as a finished run leaves it, for the tests of everything that reads one."""

import copy

import numpy as np
import pytest

from norm_aware.numeric.effect_size import cohens_d, paired_effect_size
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p

BASELINE, HALF, DOT = "cosine", "document_power=0.5", "dot"
MEASURES = {
    "nDCG@10": ("retrieval", "How high the relevant documents stand among the first ten."),
    "RR@10": ("retrieval", "One over the rank of the first relevant document."),
    "R@5": ("retrieval", "Share of the relevant documents among the first five."),
    "R@100": ("retrieval", "Share of the relevant documents among the first hundred."),
    "squad_f1": ("answer", "Words shared by the answer and the closest gold answer."),
    "squad_em": ("answer", "Whether the answer is a gold answer, word for word."),
    "faithfulness": ("judged", "Share of the answer's claims that its documents support."),
    "factual_correctness": ("judged", "Claims shared by the answer and the gold answer."),
}
VERBS = ["open", "close", "sort", "join", "split", "copy", "parse", "flush", "lock", "merge"]
NOUNS = ["file", "list", "thread", "socket", "mapping", "module", "buffer", "process", "string", "queue"]


def make_results(systems=(BASELINE, HALF, DOT), queries=60, seed=0):
    """A realistic results.json: paired scores, failures, one measure that no system has."""
    random = np.random.default_rng(seed)
    norms = np.round(random.gamma(60, 0.05, 400), 3)
    documents = [f"library/{NOUNS[i % 10]}-{i}" for i in range(400)]
    norm = dict(zip(documents, norms.tolist(), strict=True))
    scores = {system: {} for system in systems}
    failures, rows, mentioned = [], [], set()
    for index in range(queries):
        query_id = f"q{index + 1}"
        relevant = [documents[int(i)] for i in random.choice(200, 1 + int(random.integers(2)), replace=False)]
        row = {
            "query_id": query_id,
            "text": f"How do I {VERBS[index % 10]} a {NOUNS[(index // 10) % 10]} another thread still uses?",
            "answers": [f"Call {VERBS[index % 10]}() on it while the lock is held."] if index % 7 else [],
            "relevant": relevant,
            "systems": {},
        }
        easy = random.beta(2, 2)
        for system in systems:
            lift = {BASELINE: 0.0, HALF: 0.01, DOT: -0.14}[system]
            noise = 0.0 if random.random() < 0.4 else random.normal(lift, 0.18)
            quality = float(np.clip(easy + noise, 0, 1))
            listed = [documents[int(i)] for i in 200 + random.choice(200, 10, replace=False)]
            for name in relevant:
                listed[min(9, int((1 - quality) * 12))] = name
            measures = {
                "nDCG@10": round(quality, 4),
                "RR@10": round(quality**2, 4),
                "R@5": float(quality > 0.4),
                "R@100": float(quality > 0.05),
                "squad_f1": float(np.clip(round(quality * 0.7 + random.normal(0, 0.1), 3), 0, 1)),
                "squad_em": float(quality > 0.85),
                "faithfulness": float(np.clip(round(0.8 + random.normal(0, 0.1), 3), 0, 1)),
                "factual_correctness": None,
            }
            answer = f"You can {VERBS[index % 10]} it once the lock is yours [1]."
            if random.random() < 0.05:
                answer, measures["squad_f1"], measures["squad_em"] = None, None, None
                measures["faithfulness"] = None
                reason = "timeout after 60 s"
                failures.append(
                    {"system": system, "query_id": query_id, "measure": "answer", "reason": reason}
                )
            row["systems"][system] = {
                "documents": [
                    {"id": name, "score": round(float(0.8 - 0.03 * rank), 4), "norm": norm[name]}
                    for rank, name in enumerate(listed)
                ],
                "answer": answer,
                "seconds": round(float(random.gamma(2, 0.6)), 2),
                "measures": measures,
            }
            mentioned.update(listed[:3], relevant)
            for measure, value in measures.items():
                scores[system].setdefault(measure, []).append(value)
        rows.append(row)
    is_relevant = np.isin(documents, [name for row in rows for name in row["relevant"]])
    edges = np.linspace(norms.min(), norms.max(), 21)
    return {
        "schema_version": 1,
        "name": "pydocs",
        "created": "2026-11-23T20:00:00+00:00",
        "baseline": BASELINE,
        "dataset": {
            "name": "pydocs",
            "documents": len(documents),
            "queries": queries,
            "relevant": sum(len(row["relevant"]) for row in rows),
            "dropped_judgements": 2,
        },
        "systems": {
            system: {measure: mean(values) for measure, values in scores[system].items()}
            for system in systems
        },
        "measures": {name: {"kind": kind, "description": words} for name, (kind, words) in MEASURES.items()},
        "comparisons": compare(scores),
        "failures": failures,
        "queries": rows,
        "documents": {
            name: {
                "title": f"{name.split('/')[1].capitalize()} objects",
                "text": f"A {name.split('/')[1]} belongs to the thread that opened it. " * 9,
                "norm": norm[name],
            }
            for name in sorted(mentioned)
        },
        "norms": {
            "edges": edges.tolist(),
            "relevant": np.histogram(norms[is_relevant], edges)[0].tolist(),
            "other": np.histogram(norms[~is_relevant], edges)[0].tolist(),
            "mean_relevant": float(norms[is_relevant].mean()),
            "mean_other": float(norms[~is_relevant].mean()),
            "cv": float(norms.std() / norms.mean()),
            "cohens_d": cohens_d(norms[is_relevant], norms[~is_relevant]),
            "length_correlation": -0.61,
        },
        "configuration": {
            "encoder": "all-MiniLM-L6-v2, without its Normalize module",
            "encoder_fingerprint": "5f0c1d9e2ab34477",
            "exact": True,
            "similarity_top_k": 100,
            "context_k": 3,
            "llm": "qwen3-1.7b-q8",
            "judge": None,
            "limit": None,
            "seed": seed,
        },
        "versions": {"norm-aware": "0.1.0", "python": "3.11.7", "qdrant-client": "1.16.1"},
    }


def mean(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def compare(scores):
    rows = []
    for candidate in list(scores)[1:]:
        for measure in MEASURES:
            pairs = list(zip(scores[BASELINE][measure], scores[candidate][measure], strict=True))
            kept = [(before, after) for before, after in pairs if before is not None and after is not None]
            change = np.array([after - before for before, after in kept])
            row = dict.fromkeys(("difference", "low", "high", "p", "p_adjusted", "effect_size"))
            if kept:
                row["low"], row["high"] = bootstrap_interval(change, resamples=2000)
                row |= {"difference": float(change.mean()), "p": permutation_p(change, permutations=5000)}
                row["effect_size"] = paired_effect_size(change)
            row |= {"baseline": BASELINE, "candidate": candidate, "measure": measure, "n": len(kept)}
            row["missing_baseline"] = sum(before is None for before, _ in pairs)
            row["missing_candidate"] = sum(after is None for _, after in pairs)
            row |= {"wins": int((change > 0).sum()), "losses": int((change < 0).sum())}
            rows.append(row | {"ties": int((change == 0).sum())})
    tested = [row for row in rows if row["p"] is not None]
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_adjusted"] = float(p)
    return rows


@pytest.fixture(scope="session")
def made():
    """Results that no test may change."""
    return make_results()


@pytest.fixture
def results(made):
    """Results that a test may change."""
    return copy.deepcopy(made)


@pytest.fixture(scope="session")
def baseline_alone():
    """Results of a run without a candidate."""
    return make_results(systems=(BASELINE,), queries=12)

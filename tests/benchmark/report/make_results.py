"""A results.json as a finished run leaves it, with every key of its schema, from a seed."""

import numpy as np

from norm_aware.numeric.effect_size import cohens_d, paired_effect_size
from norm_aware.numeric.significance import bootstrap_interval, holm, permutation_p
from tests.benchmark.report.make_findings import (
    BASELINE,
    UNINFORMATIVE,
    make_attribution,
    make_breakdown,
    make_judge,
)

HALF, DOT, BM25 = "document_power=0.5", "dot", "bm25"
LIFT = {BASELINE: 0.0, HALF: 0.01, DOT: -0.14, BM25: 0.05}
MEASURES = {
    "nDCG@10": ("retrieval", "How high the relevant documents stand among the first ten."),
    "RR@10": ("retrieval", "One over the rank of the first relevant document."),
    "R@5": ("retrieval", "Share of the relevant documents among the first five."),
    "R@100": ("retrieval", "Share of the relevant documents among the first hundred."),
    "squad_f1": ("answer", "Words shared by the answer and the closest gold answer."),
    "squad_em": ("answer", "Whether the answer is a gold answer, word for word."),
    "faithfulness": ("judged", "Share of the answer's claims that its documents support."),
    "answer_accuracy": ("judged", "How well the answer agrees with the gold answer."),
    "factual_correctness": ("judged", "Claims shared by the answer and the gold answer."),
}
VERBS = ["open", "close", "sort", "join", "split", "copy", "parse", "flush", "lock", "merge"]
NOUNS = ["file", "list", "thread", "socket", "mapping", "module", "buffer", "process", "string", "queue"]
CONTEXTS = 3


def make_results(systems=(BASELINE, HALF, DOT), queries=60, seed=0, *, corpus=400, text=480):
    """Paired scores, failures, a measure no system has, a judge that guesses at one of its metrics."""
    random = np.random.default_rng(seed)
    norms = np.round(random.gamma(60, 0.05, corpus), 3)
    documents = [f"library/{NOUNS[i % 10]}-{i}" for i in range(corpus)]
    norm = dict(zip(documents, norms.tolist(), strict=True))
    scores = {system: {} for system in systems}
    failures, rows, mentioned = [], [], set()
    for index in range(queries):
        row, failed = make_query(index, systems, random, documents, norm)
        failures += failed
        rows.append(row)
        for system, run in row["systems"].items():
            mentioned.update([d["id"] for d in run["documents"][:CONTEXTS]], row["relevant"])
            for measure, value in run["measures"].items():
                scores[system].setdefault(measure, []).append(value)
    is_relevant = np.isin(documents, [name for row in rows for name in row["relevant"]])
    edges = np.linspace(norms.min(), norms.max(), 21)
    candidates = [system for system in systems if system != BASELINE]
    return {
        "schema_version": 2,
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
        "measures": {
            name: {"kind": kind, "description": words, "informative": name != "faithfulness"}
            | ({"why": UNINFORMATIVE} if name == "faithfulness" else {})
            for name, (kind, words) in MEASURES.items()
        },
        "comparisons": compare(scores),
        "failures": failures,
        "queries": rows,
        "documents": {
            name: {
                "title": f"{name.split('/')[1].capitalize()} objects",
                "text": make_text(random, name, text),
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
        "attribution": {candidate: make_attribution(rows, candidate, random) for candidate in candidates},
        "breakdowns": [
            make_breakdown(by, candidate, measure, random)
            for by in ("question_type", "document_length", "norm_quantile")
            for candidate in candidates
            for measure in ("nDCG@10", "squad_f1", "faithfulness")
        ],
        "judge": make_judge(),
        "costs": {
            name: {
                "calls": queries if name != "judge" else 9 * queries,
                "prompt_tokens": 800 * queries,
                "completion_tokens": 21 * queries,
                "cost": 0.0123 if name == "judge" else None,
                "seconds": round(1.7 * queries, 1),
            }
            for name in [*systems, "judge"]
        },
        "plan": {
            "dataset": "pydocs",
            "answering": {"llm": "qwen3-1.7b-q8", "context_k": CONTEXTS},
            "systems": [
                {"name": s, "retriever": s, "reranker": None, "context_k": CONTEXTS} for s in systems
            ],
        },
        "configuration": {
            "encoder": "all-MiniLM-L6-v2, without its Normalize module",
            "encoder_fingerprint": "5f0c1d9e2ab34477",
            "exact": True,
            "similarity_top_k": 100,
            "judge": None,
            "seed": seed,
        },
        "versions": {"norm-aware": "0.1.0", "python": "3.11.7", "qdrant-client": "1.16.1"},
    }


def make_query(index, systems, random, documents, norm):
    query_id = f"q{index + 1}"
    half = len(documents) // 2
    relevant = [documents[int(i)] for i in random.choice(half, 1 + int(random.integers(2)), replace=False)]
    verb, noun = VERBS[index % 10], NOUNS[(index // 10) % 10]
    row = {
        "query_id": query_id,
        "text": f"How do I {verb} a {noun} another thread still uses?",
        "answers": [f"Call {verb}() on it while the lock is held."] if index % 7 else [],
        "relevant": relevant,
        "systems": {},
    }
    easy = random.beta(2, 2)
    others = [documents[int(i)] for i in half + random.choice(half, 12, replace=False)]
    failures = []
    for system in systems:
        noise = 0.0 if random.random() < 0.4 else random.normal(LIFT[system], 0.18)
        quality = float(np.clip(easy + noise, 0, 1))
        shift = 0 if noise == 0 else int(random.integers(3))
        listed = others[shift : shift + 10]
        for name in relevant:
            listed[min(9, int((1 - quality) * 12))] = name
        listed = list(dict.fromkeys(listed))
        measures = {
            "nDCG@10": round(quality, 4),
            "RR@10": round(quality**2, 4),
            "R@5": float(quality > 0.4),
            "R@100": float(quality > 0.05),
            "squad_f1": float(np.clip(round(quality * 0.7 + random.normal(0, 0.1), 3), 0, 1)),
            "squad_em": float(quality > 0.85),
            "faithfulness": float(np.clip(round(0.8 + random.normal(0, 0.1), 3), 0, 1)),
            "answer_accuracy": float(np.clip(round(quality * 0.5 + random.normal(0.2, 0.1), 2), 0, 1)),
            "factual_correctness": None,
        }
        answer = f"You can {verb} it once the lock is yours, {'since' if shift else 'because'} it waits [1]."
        if random.random() < 0.05:
            answer = None
            measures |= dict.fromkeys(("squad_f1", "squad_em", "faithfulness", "answer_accuracy"))
            failures.append(
                {"system": system, "query_id": query_id, "measure": "answer", "reason": "timeout after 60 s"}
            )
        row["systems"][system] = {
            "documents": [
                {
                    "id": name,
                    "score": round(float(0.8 - 0.03 * rank), 4),
                    "norm": None if system == BM25 else norm[name],
                }
                for rank, name in enumerate(listed)
            ],
            "contexts": CONTEXTS,
            "answer": answer,
            "seconds": round(float(random.gamma(2, 0.6)), 2),
            "measures": measures,
            "explanations": {
                m: f"{m} of {query_id} for {system}: the answer says what text [{shift + 1}] says."
                for m in ("faithfulness", "answer_accuracy")
                if measures[m] is not None
            },
            "spreads": {"answer_accuracy": 0.05},
        }
    return row, failures


def make_text(random, name, length):
    words = random.choice([*VERBS, *NOUNS, "while", "the", "and", "waits", "for", "its"], length // 5)
    return f"A {name.split('/')[1]} belongs to the thread that opened it. {' '.join(words)}."[:length]


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
            row = dict.fromkeys(
                ("difference", "low", "high", "p", "p_adjusted", "effect_size", "superiority")
            )
            row |= {"correction": "holm", "clusters": None, "worst_case": None, "equivalence": None}
            row |= {"minimum_detectable": None, "needed": None, "higher_is_better": True}
            row |= {"superiority_low": None, "superiority_high": None}
            row |= {"interval": "none", "interval_reason": "no question has both values"}
            if kept:
                row["low"], row["high"] = bootstrap_interval(change, resamples=500)
                row |= {"difference": float(change.mean()), "p": permutation_p(change, permutations=2000)}
                row["effect_size"] = paired_effect_size(change)
                row["superiority"] = float(0.5 + ((change > 0).sum() - (change < 0).sum()) / 2 / len(change))
                row |= {"superiority_low": row["superiority"] - 0.07, "interval": "bca"}
                row |= {"superiority_high": row["superiority"] + 0.07, "interval_reason": None}
                row |= {"minimum_detectable": 0.041, "needed": 1234, "clusters": len(change)}
                worst = ("difference", "low", "high", "p")
                row["worst_case"] = {key: row[key] for key in worst}
                row["equivalence"] = {"margin": 0.05, "p": 0.01, "low": row["low"], "high": row["high"]}
                row["equivalence"] |= {"p_equivalent": 0.03, "outcome": "equivalent"}
            row |= {"baseline": BASELINE, "candidate": candidate, "measure": measure, "n": len(kept)}
            row["missing_baseline"] = sum(before is None for before, _ in pairs)
            row["missing_candidate"] = sum(after is None for _, after in pairs)
            row |= {"wins": int((change > 0).sum()), "losses": int((change < 0).sum())}
            rows.append(row | {"ties": int((change == 0).sum())})
    tested = [row for row in rows if row["p"] is not None and row["measure"] != "faithfulness"]
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_adjusted"] = float(p)
    return rows

"""A small ablation that was never run: results.json and per-query values that belong together."""

import numpy as np

from norm_aware.ablation.scorings import SCORINGS

SETS = {
    "medquad": {"documents": 90, "queries": 40, "domain": "in", "symmetric": False},
    "scifact": {"documents": 300, "queries": 60, "domain": "out", "symmetric": False},
    "covidqa": {"documents": 200, "queries": 50, "domain": "out", "symmetric": False},
    "stsb": {"documents": 120, "queries": 30, "domain": "out", "symmetric": True},
}
OWN = {
    "cosine": "cosine",
    "dot": "dot",
    "query_normalized": "dot",
    "document_normalized": "cosine",
    "learnable": "document_power=0.5",
}
_GAIN = {"dot": -0.06, "query_normalized": 0.04, "learnable": 0.01}
_OF_SCORING = {
    "document_power=0.5": -0.02,
    "dot": -0.08,
    "anti_hubness": 0.02,
    "dot, shuffled": -0.15,
    "anti_hubness, shuffled": -0.05,
}


def ablation(*, seeds=(0, 1, 2), trajectory_steps=6):
    """(values, results), results without its comparisons."""
    generator = np.random.default_rng(0)
    values, arms = {}, {}
    ease = {name: generator.uniform(0.2, 0.8, about["queries"]) for name, about in SETS.items()}

    def drawn(name, shift):
        return np.clip(ease[name] + shift + generator.normal(0, 0.015, len(ease[name])), 0, 1)

    for name in SETS:
        for scoring in SCORINGS:
            values["untouched", "", name, scoring] = drawn(name, _OF_SCORING.get(scoring, 0))
    for arm, own in OWN.items():
        runs = {}
        for seed in seeds:
            of_seed = generator.normal(0, 0.002)
            for name in SETS:
                for scoring in SCORINGS:
                    shift = _OF_SCORING.get(scoring, 0) * (arm in {"cosine", "document_normalized"})
                    values[arm, str(seed), name, scoring] = drawn(name, shift + of_seed + _GAIN.get(arm, 0))
                values[arm, str(seed), name, "own"] = values[arm, str(seed), name, own]
            runs[str(seed)] = _run(values, arm, str(seed), generator, trajectory_steps)
        arms[arm] = {"similarity": arm, "runs": runs}
    results = {
        "schema": 1,
        "base": "wordllama",
        "pairs": 35_123,
        "options": {"epochs": 3.0, "batch_size": 128, "learning_rate": None, "scale": 20.0},
        "seeds": list(seeds),
        "versions": [{"norm-aware": "0.1", "python": "3.12.3", "torch": "2.9"}],
        "hardware": [{"cores": 2, "device": "cpu"}, {"cores": 16, "device": "cuda:0", "gpu": "a large one"}],
        "seconds": 1234.5,
        "scorings": list(SCORINGS),
        "sets": SETS,
        "untouched": {
            name: {s: float(values["untouched", "", name, s].mean()) for s in SCORINGS} for name in SETS
        },
        "untouched_norms": {name: _norms(generator) for name in SETS},
        "untouched_given": {"gamma": 0.2, "length_power": 0.05},
        "untouched_conditioning": {"query": 31.0, "document": 12.5},
        "arms": arms,
        "comparisons": [],
    }
    return values, results


def _run(values, arm, seed, generator, steps):
    power = {"cosine": (0, 0), "dot": (1, 1), "query_normalized": (0, 1), "document_normalized": (1, 0)}
    return {
        "similarity": arm if arm in power else "query_power=0.3 document_power=0.79963127",
        "gamma": None,
        "learning_rate": 0.01,
        "given": {"gamma": 0.3, "length_power": -0.05},
        "seconds": 80.0,
        "grid": {name: {s: float(values[arm, seed, name, s].mean()) for s in SCORINGS} for name in SETS},
        "own": {name: float(values[arm, seed, name, "own"].mean()) for name in SETS},
        "norms": {name: _norms(generator) for name in SETS},
        "trajectory": [
            {
                "step": 100 * step,
                "loss": 3.0 / (step + 1) + generator.uniform(0, 0.05),
                "query_power": power[arm][0] if arm in power else 0.5 - 0.04 * step,
                "document_power": power[arm][1] if arm in power else 0.5 + 0.06 * step,
                "scale": 20.0,
            }
            for step in range(steps)
        ],
        "conditioning": {
            "query": float(generator.uniform(25, 35)),
            "document": float(generator.uniform(10, 14)),
        },
    }


def _norms(generator):
    return {
        "cohens_d": float(generator.normal(0, 0.3)),
        "hubness_d": float(generator.normal(0, 0.3)),
        "document_cv": float(generator.uniform(0.05, 0.3)),
        "query_cv": float(generator.uniform(0.05, 0.3)),
        "length_correlation": float(generator.uniform(-0.8, 0.8)),
    }

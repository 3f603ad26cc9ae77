"""End-to-end answers of four systems on three datasets, by real local models, judged where a check allows it.

    python integration/rag_evidence.py --data DIR --models MODELS [--sets 2wiki,covidqa,nq_oracle]
        [--questions 150] [--judged 40] [--runs FOLDER] --out FILE.json

Cosine, dot, a calibration and BM25 are asked the same questions; the calibration was fitted on others, which
share no relevant document with them. `MODELS` holds what `integration/local_models.py` joins: a model of .5
billion parameters answers, one of 1.5 judges, by the metrics that its check says it may judge, on the first
`--judged` questions. Runs are resumed; a complete one is not repeated. The paper's table stands beside the
figures, and cannot be compared with them number by number: other corpora, another reader, five contexts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local_models import ANSWERER, JUDGE, require_official
from norm_aware.benchmark.datasets.load import load_dataset
from norm_aware.benchmark.judging.kept import check_for
from norm_aware.benchmark.llms.model_spec import ModelSpec, open_config
from norm_aware.benchmark.plan.plan import Plan
from norm_aware.benchmark.plan.run_plan import run_plan
from norm_aware.console import progress_bars
from norm_aware.whole_file import write_whole

WANTED = ("faithfulness", "answer_relevancy", "answer_accuracy")
"""Judged metrics that a model of this size can be asked for in the time there is."""

MEASURES = ("nDCG@10", "R@5", "squad_em", "squad_f1", *WANTED)

PAPER = {
    "source": "Feng & Watanabe, arXiv:2602.09229v1, table 4: Contriever trained by each similarity, "
    "Flan-T5-Large, 5 contexts; exact match / F1",
    "NQ": {"cosine": [23.0, 31.9], "dot": [24.5, 33.8], "query_normalized": [26.1, 35.4]},
    "HotpotQA": {"cosine": [27.2, 35.9], "dot": [32.9, 42.7], "query_normalized": [32.7, 42.4]},
    "TriviaQA": {"cosine": [32.3, 38.7], "dot": [39.0, 46.3], "query_normalized": [40.2, 47.5]},
}


def calibrate(folder: Path, out: Path, *, questions: int) -> Path:
    """A calibration fitted on queries that the run does not ask."""
    if not out.is_file():
        command = [sys.executable, "-m", "norm_aware.cli", "calibrate", str(folder)]
        subprocess.run([*command, "--hold-out", str(questions), "--seed", "0", "--out", str(out)], check=True)
    return out


def judged_metrics(judge: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The judge's check, and the metrics that it says the judge may judge."""
    with open_config(ModelSpec(str(judge)), reuse_prompts=True) as config, progress_bars() as bar:
        check = check_for("auto", config, progress=bar)
    allowed = (check or {}).get("metrics", {})
    return check, [metric for metric in WANTED if allowed.get(metric, {}).get("informative")]


def run_set(
    folder: Path,
    runs: Path,
    *,
    models: Path,
    check: Mapping[str, Any] | None,
    metrics: Sequence[str],
    questions: int,
    judged: int,
) -> dict[str, Any]:
    """Run one dataset, and what of it goes into the evidence."""
    calibration = calibrate(folder, runs / f"{folder.name}.safetensors", questions=questions)
    free = ["nDCG@10", "RR@10", "R@5", "R@100", "squad_em", "squad_f1", "semantic_similarity", "rouge_l"]
    plan = Plan(
        dataset=str(folder),
        limit=questions,
        out=runs / folder.name,
        llms={"answers": str(models / ANSWERER.file), "judges": str(models / JUDGE.file)},
        judge={"model": "judges", "reasons": False, "limit": judged} if metrics else None,
        metrics=[*free, *metrics],
        systems=["cosine", "dot", {"retriever": "calibrated", "calibration": str(calibration)}, "bm25"],
    )
    started = time.perf_counter()
    with progress_bars() as bar:
        results = run_plan(plan, dataset=load_dataset(str(folder)), progress=bar)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "documents": results["dataset"]["documents"],
        "questions": results["dataset"]["queries"],
        "systems": {
            system: {measure: means[measure] for measure in MEASURES if measure in means}
            for system, means in results["systems"].items()
        },
        "comparisons": [row for row in results["comparisons"] if row["measure"] in MEASURES],
        "context_changes": {
            candidate: found["context_changes"] for candidate, found in results["attribution"].items()
        },
        "hits": {candidate: found.get("hits") for candidate, found in results["attribution"].items()},
        "costs": results["costs"],
        "judge": {"metrics": list(metrics), "check": _tasks(check), "questions": judged},
        "failures": len(results["failures"]),
        "versions": results["versions"],
    }


def _tasks(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if check is None:
        return None
    kept = ("n", "balanced_accuracy", "balanced_low", "balanced_high", "kappa", "informative")
    return {name: {key: task[key] for key in kept} for name, task in check["tasks"].items()}


def main() -> None:
    """Run the sets and write what they say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the datasets")
    parser.add_argument("--models", type=Path, required=True, help="folder of the joined models")
    parser.add_argument("--sets", default="2wiki,covidqa,nq_oracle")
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument(
        "--judged", type=int, default=40, help="questions whose answers are judged; 0 judges none"
    )
    parser.add_argument("--runs", type=Path, default=Path("results/rag-evidence"))
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    for model in (ANSWERER, *([JUDGE] if given.judged else [])):
        require_official(model, given.models / model.file)
    given.runs.mkdir(parents=True, exist_ok=True)
    evidence: dict[str, Any] = {
        "answered_by": ANSWERER.file,
        "judged_by": JUDGE.file if given.judged else None,
        "hardware": {"cores": os.cpu_count(), "machine": platform.machine()},
        "paper": PAPER,
        "sets": {},
    }
    check, metrics = judged_metrics(given.models / JUDGE.file) if given.judged else (None, [])
    for name in given.sets.split(","):
        evidence["sets"][name] = run_set(
            given.data / name,
            given.runs,
            models=given.models,
            check=check,
            metrics=metrics,
            questions=given.questions,
            judged=given.judged,
        )
        write_whole(given.out, json.dumps(evidence, indent=1, ensure_ascii=False))
    print(given.out)


if __name__ == "__main__":
    main()

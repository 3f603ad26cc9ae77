"""An ablation from pairs to results: every arm and seed trained, and measured under every scoring."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from norm_aware.ablation.arm import Arm
from norm_aware.ablation.conditioning import condition_numbers
from norm_aware.ablation.held_out import HELD_OUT, hold_out
from norm_aware.ablation.kept import Found, Values, claim, keep, kept, write_values
from norm_aware.ablation.machine import hardware, versions
from norm_aware.ablation.measuring import SetView, choose_given
from norm_aware.ablation.plan import Ablation
from norm_aware.ablation.scorings import OWN, SCORINGS, UNTOUCHED
from norm_aware.ablation.significance import compare
from norm_aware.errors import TrainingError
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.progress import Progress, silent
from norm_aware.training.base import open_base
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from norm_aware.training.train import train
from norm_aware.whole_file import write_whole

SCHEMA = 1

_TRAJECTORY = ("step", "loss", "query_power", "document_power", "scale", "gamma")


def ablate(ablation: Ablation, out: Path, *, progress: Progress = silent) -> dict[str, Any]:
    """Train every arm with every seed on the same pairs and budget, and measure each under every scoring.

    A run that was stopped goes on where it stopped; arms and seeds may be added to one that is complete.

    Args:
        ablation: what is compared.
        out: folder of the models (`ARM/SEED/model`), `results.json` and `values.npz`.
        progress: called while it works.

    Returns:
        What `results.json` holds.

    Raises:
        TrainingError: when the folder holds an ablation of other pairs, sets or options, or too few queries
            are there to hold out.
    """
    rest, held_out = hold_out(ablation.pairs, ablation.held_out)
    claim(out, ablation.fingerprint)
    sets, in_domain = [*ablation.sets, held_out], {HELD_OUT, *ablation.in_domain}
    total, done = len(ablation.arms) * len(ablation.seeds), 0
    values: Values = {}
    measured: dict[tuple[str, str], dict[str, Any]] = {}
    progress("Training arms", done, total)

    def once(folder: Path, key: tuple[str, str], work: Callable[[], tuple[dict[str, Any], Found]]) -> None:
        complete = kept(folder)
        if complete is None:
            complete = work()
            keep(folder, *complete)
        measured[key], found = complete
        values.update({(*key, *of): array for of, array in found.items()})

    def base() -> tuple[dict[str, Any], Found]:
        model = open_base(ablation.base, device=ablation.options.device)
        return _measure(model, PowerSimilarity(), None, sets, in_domain, rest, ablation.options)

    once(out / UNTOUCHED, (UNTOUCHED, ""), base)
    for seed in ablation.seeds:
        for arm in ablation.parsed:
            folder = out / arm.name / str(seed)
            options = arm.options(ablation.options, seed=seed)

            def one(arm: Arm = arm, folder: Path = folder, options: TrainingOptions = options) -> Any:
                return _train(arm, ablation.base, rest, sets, in_domain, folder, options)

            once(folder, (arm.name, str(seed)), one)
            done += 1
            progress("Training arms", done, total)
    results = _results(ablation, len(rest), sets, in_domain, measured)
    results["comparisons"] = compare(values, results)
    write_values(out / "values.npz", values)
    write_whole(out / "results.json", json.dumps(results, indent=1, default=str))
    return results


def _results(
    ablation: Ablation,
    pairs: int,
    sets: Sequence[JudgedTexts],
    in_domain: set[str],
    measured: Mapping[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    base = measured[UNTOUCHED, ""]
    return {
        "schema": SCHEMA,
        "base": ablation.base,
        "pairs": pairs,
        "options": dataclasses.asdict(ablation.options),
        "seeds": list(ablation.seeds),
        "versions": _distinct(run["versions"] for run in measured.values()),
        "hardware": _distinct(run["hardware"] for run in measured.values()),
        "seconds": round(sum(run["seconds"] for run in measured.values()), 1),
        "scorings": list(SCORINGS),
        "sets": {
            judged.name: {
                "documents": len(judged.documents),
                "queries": len(judged.queries),
                "domain": "in" if judged.name in in_domain else "out",
                "symmetric": judged.name in ablation.symmetric,
            }
            for judged in sets
        },
        "untouched": base["grid"],
        "untouched_norms": base["norms"],
        "untouched_given": base["given"],
        "untouched_conditioning": base["conditioning"],
        "arms": {
            arm.name: {
                "similarity": arm.similarity,
                "runs": {str(seed): measured[arm.name, str(seed)] for seed in ablation.seeds},
            }
            for arm in ablation.parsed
        },
    }


def _train(
    arm: Arm,
    base: str,
    pairs: Sequence[Pair],
    sets: Sequence[JudgedTexts],
    in_domain: set[str],
    folder: Path,
    options: TrainingOptions,
) -> tuple[dict[str, Any], Found]:
    started = time.perf_counter()
    trained = train(pairs, base, similarity=arm.similarity, out=folder, options=options)
    seconds = time.perf_counter() - started
    scale = trained.history[-1]["scale"] if trained.history else options.scale
    ended = dataclasses.replace(options, scale=scale)
    run, found = _measure(trained.model, trained.similarity, trained.gamma, sets, in_domain, pairs, ended)
    rows = [{key: row.get(key) for key in _TRAJECTORY if key in row} for row in trained.history]
    run |= {
        "similarity": trained.similarity.name,
        "gamma": trained.gamma,
        "learning_rate": trained.learning_rate,
        "seconds": round(run["seconds"] + seconds, 1),
        "trajectory": [row for row in rows if "loss" in row],
    }
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return run, found


def _measure(
    model: SentenceTransformer,
    similarity: PowerSimilarity,
    gamma: float | None,
    sets: Sequence[JudgedTexts],
    in_domain: set[str],
    pairs: Sequence[Pair],
    options: TrainingOptions,
) -> tuple[dict[str, Any], Found]:
    started = time.perf_counter()
    with torch.autocast(model.device.type, torch.bfloat16, enabled=options.bf16):
        views = [SetView.of(model, judged, spans=options.spans) for judged in sets]
        conditioning = _conditioning(model, pairs, similarity, options)
    given = choose_given([view for view in views if view.name in in_domain])
    found: Found = {}
    for view in views:
        found |= {(view.name, scoring): of for scoring, of in view.ndcg(given, seed=options.seed).items()}
        found[view.name, OWN] = view.own(similarity, gamma or 0.0)
    means = {key: float(of.mean()) for key, of in found.items()}
    return {
        "versions": versions(),
        "hardware": hardware(model.device),
        "seconds": round(time.perf_counter() - started, 1),
        "given": dataclasses.asdict(given),
        "grid": {view.name: {scoring: means[view.name, scoring] for scoring in SCORINGS} for view in views},
        "own": {view.name: means[view.name, OWN] for view in views},
        "norms": {view.name: view.norms() for view in views},
        "conditioning": conditioning,
    }, found


def _conditioning(
    model: SentenceTransformer, pairs: Sequence[Pair], similarity: PowerSimilarity, options: TrainingOptions
) -> dict[str, float] | None:
    try:
        return condition_numbers(
            model, pairs, similarity, options.scale, seed=options.seed, batch_size=options.batch_size
        )
    except TrainingError:  # a loss that is 0 or overflows has no such number, which is no reason to stop
        return None


def _distinct(found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    kinds: list[Mapping[str, Any]] = []
    for one in found:
        if one not in kinds:
            kinds.append(one)
    return kinds

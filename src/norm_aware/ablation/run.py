"""An ablation from pairs to results: every arm and seed trained, and measured under every scoring."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from norm_aware.ablation.arm import PAPER, Arm
from norm_aware.ablation.conditioning import condition_numbers
from norm_aware.ablation.held_out import HELD_OUT, hold_out
from norm_aware.ablation.measuring import SCORINGS, SetView, choose_given
from norm_aware.ablation.significance import OWN, UNTOUCHED, compare
from norm_aware.errors import TrainingError
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.progress import Progress, silent
from norm_aware.training.base import open_base
from norm_aware.training.evaluation import JudgedTexts
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair
from norm_aware.training.train import train
from norm_aware.whole_file import write_whole

Values: TypeAlias = dict[tuple[str, str, str, str], NDArray[np.float64]]
"""nDCG@10 of every query, by arm, seed, set and scoring; the untouched base has the seed ''."""

SCHEMA = 1

_TRAJECTORY = ("step", "loss", "query_power", "document_power", "scale", "gamma")
_PACKAGES = ("norm-aware", "torch", "sentence-transformers", "transformers", "numpy")


@dataclass(frozen=True, eq=False)
class Ablation:
    """What is compared with what, on which texts.

    Attributes:
        base: where every arm starts: `wordllama`, a name on the hub or a path.
        pairs: what is learned from; some queries are held out as the in-domain set.
        sets: judged sets to measure on.
        arms: how to train, each as `Arm.parse` reads it.
        seeds: of the order of the pairs and whatever is drawn.
        options: what all arms share.
        in_domain: names of the sets of the pairs' own domain.
        symmetric: names of the sets whose queries and documents are of one kind.
        held_out: queries that are kept back.

    Raises:
        TrainingError: when two arms or two sets have one name, or a name is of no set.
    """

    base: str
    pairs: Sequence[Pair]
    sets: Sequence[JudgedTexts]
    arms: Sequence[str] = PAPER
    seeds: Sequence[int] = (0, 1, 2)
    options: TrainingOptions = dataclasses.field(default_factory=TrainingOptions)
    in_domain: Sequence[str] = ()
    symmetric: Sequence[str] = ()
    held_out: int = 500

    def __post_init__(self) -> None:
        names = [judged.name for judged in self.sets]
        for what, given in (("arms", [*self.arms]), ("sets", [*names, HELD_OUT]), ("seeds", [*self.seeds])):
            if len(set(given)) < len(given) or not given:
                raise TrainingError(f"The {what} are {given}; at least one is needed, each once.")
        unknown = sorted({*self.in_domain, *self.symmetric} - set(names))
        if unknown:
            raise TrainingError(f"There is no set {unknown[0]!r}; the sets are {', '.join(names) or 'none'}.")
        for arm in self.arms:
            Arm.parse(arm)

    @property
    def fingerprint(self) -> str:
        """Hash of everything but the arms and the seeds, so that both can be added to."""
        plain, given = dataclasses.asdict(TrainingOptions()), dataclasses.asdict(self.options)
        chosen = {name: value for name, value in given.items() if value != plain[name]}
        fixed = [self.base, self.held_out, chosen]  # an option that comes later changes nothing that is done
        hasher = hashlib.blake2b(json.dumps(fixed, default=str).encode(), digest_size=8)
        for pair in self.pairs:
            hasher.update(f"{pair.query}\0{pair.document}\0{pair.source}\n".encode())
        for judged in self.sets:
            hasher.update("\0".join([judged.name, *judged.queries, *judged.documents]).encode())
        return hasher.hexdigest()


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
        TrainingError: when the folder holds an ablation of other pairs, sets or options.
    """
    started = time.perf_counter()
    _claim(out, ablation.fingerprint)
    rest, held_out = hold_out(ablation.pairs, ablation.held_out)
    sets = [*ablation.sets, held_out]
    in_domain = {HELD_OUT, *ablation.in_domain}
    total, done = len(ablation.arms) * len(ablation.seeds), 0
    values: Values = {}
    measured: dict[tuple[str, str], dict[str, Any]] = {}
    progress("Training arms", done, total)
    base = _kept(out / UNTOUCHED, values, (UNTOUCHED, ""))
    if base is None:
        model = open_base(ablation.base, device=ablation.options.device)
        base, found = _measure(model, PowerSimilarity(), 0.0, sets, in_domain)
        base["conditioning"] = condition_numbers(
            model, rest, PowerSimilarity(), ablation.options.scale, seed=0
        )
        _keep(out / UNTOUCHED, base, found, values, (UNTOUCHED, ""))
    for seed in ablation.seeds:
        for name in ablation.arms:
            folder, key = out / name / str(seed), (name, str(seed))
            run = _kept(folder, values, key)
            if run is None:
                run, found = _train(Arm.parse(name), ablation, rest, sets, in_domain, folder, seed)
                _keep(folder, run, found, values, key)
            measured[key] = run
            done += 1
            progress("Training arms", done, total)
    results = {
        "schema": SCHEMA,
        "base": ablation.base,
        "pairs": len(rest),
        "options": dataclasses.asdict(ablation.options),
        "seeds": list(ablation.seeds),
        "versions": {name: _version(name) for name in _PACKAGES},
        "hardware": {"machine": platform.machine(), "cores": os.cpu_count(), "device": base["device"]},
        "seconds": round(time.perf_counter() - started, 1),
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
            name: {
                "similarity": Arm.parse(name).similarity,
                "own": OWN,
                "runs": {str(seed): measured[name, str(seed)] for seed in ablation.seeds},
            }
            for name in ablation.arms
        },
    }
    results["comparisons"] = compare(values, results)
    _write_values(out / "values.npz", values)
    write_whole(out / "results.json", json.dumps(results, indent=1, default=str))
    return results


def _train(
    arm: Arm,
    ablation: Ablation,
    pairs: Sequence[Pair],
    sets: Sequence[JudgedTexts],
    in_domain: set[str],
    folder: Path,
    seed: int,
) -> tuple[dict[str, Any], dict[tuple[str, str], NDArray[np.float64]]]:
    started = time.perf_counter()
    options = arm.options(ablation.options, seed=seed)
    trained = train(pairs, ablation.base, similarity=arm.similarity, out=folder, options=options)
    seconds = time.perf_counter() - started
    gamma = trained.gamma or 0.0
    run, found = _measure(trained.model, trained.similarity, gamma, sets, in_domain)
    rows = [{key: row.get(key) for key in _TRAJECTORY if key in row} for row in trained.history]
    scale = trained.history[-1]["scale"] if trained.history else options.scale
    run |= {
        "similarity": trained.similarity.name,
        "seconds": round(seconds, 1),
        "trajectory": [row for row in rows if "loss" in row],
        "conditioning": condition_numbers(trained.model, pairs, trained.similarity, scale, seed=seed),
    }
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    return run, found


def _measure(
    model: SentenceTransformer,
    similarity: PowerSimilarity,
    gamma: float,
    sets: Sequence[JudgedTexts],
    in_domain: set[str],
) -> tuple[dict[str, Any], dict[tuple[str, str], NDArray[np.float64]]]:
    views = [SetView.of(model, judged) for judged in sets]
    given = choose_given([view for view in views if view.name in in_domain])
    found: dict[tuple[str, str], NDArray[np.float64]] = {}
    for view in views:
        found |= {(view.name, scoring): of for scoring, of in view.ndcg(given).items()}
        found[view.name, OWN] = view.own(similarity, gamma)
    means = {key: float(of.mean()) for key, of in found.items()}
    return {
        "device": str(model.device),
        "given": dataclasses.asdict(given),
        "grid": {view.name: {scoring: means[view.name, scoring] for scoring in SCORINGS} for view in views},
        "own": {view.name: means[view.name, OWN] for view in views},
        "norms": {view.name: view.norms() for view in views},
    }, found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # it runs from a checkout
        return "not installed"


def _claim(out: Path, fingerprint: str) -> None:
    file = out / "fingerprint"
    if file.is_file() and file.read_text(encoding="utf-8") != fingerprint:
        raise TrainingError(
            f"{out} holds an ablation of other pairs, sets or options; give another folder, or remove it."
        )
    out.mkdir(parents=True, exist_ok=True)
    write_whole(file, fingerprint)


def _keep(
    folder: Path,
    run: Mapping[str, Any],
    found: Mapping[tuple[str, str], NDArray[np.float64]],
    values: Values,
    key: tuple[str, str],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_values(folder / "values.npz", found)
    write_whole(folder / "run.json", json.dumps(run, indent=1))  # last: it says that the run is complete
    values |= {(*key, *of): array for of, array in found.items()}


def _write_values(path: Path, values: Mapping[Any, NDArray[np.float64]]) -> None:
    arrays: dict[str, Any] = {"|".join(key): of.astype(np.float32) for key, of in values.items()}
    np.savez_compressed(path, **arrays)


def _kept(folder: Path, values: Values, key: tuple[str, str]) -> dict[str, Any] | None:
    if not (folder / "run.json").is_file():
        return None
    with np.load(folder / "values.npz") as stored:
        for name in stored.files:
            judged, scoring = name.split("|")
            values[key[0], key[1], judged, scoring] = stored[name].astype(np.float64)
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found

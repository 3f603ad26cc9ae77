"""Does calibration gain on queries it did not see? Every set of a folder, every arm, paired with cosine.

    python integration/calibration_evidence.py --data DIR [--sets a,b] [--encoders minilm,wordllama]
        [--cache DIR] --out FILE.json

Each set is a folder in BEIR's layout; `corpus_distractors.jsonl`, where a set has one, is appended to its
corpus. Every arm is scored on held-out queries alone: they are dealt into five folds that keep together those
which share a relevant document, and what an arm fits or chooses comes from the other four. `calibrated`
keeps cosine for a fold where those four prove no gain. `seconds` of an arm that calibration measures is of
all these arms together; of the others, of one fit. `pairs.jsonl`, where a set has one, holds sentence pairs
with a score: calibrated on the queries that share no text with its test split, a set is judged by Spearman
on that too.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from evidence_sets import Judged, Matrix, Values, embed
from linear_adapter import fit_linear_adapter
from norm_aware import RawEmbedding, offline
from norm_aware.calibration.calibrate import CalibrationOptions, calibrate
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.evidence import CALIBRATED, make_arms
from norm_aware.calibration.judgements import Judgements, make_folds, split_large
from norm_aware.calibration.label_free import calibrate_label_free
from norm_aware.calibration.ranking import NDCG
from norm_aware.errors import NormAwareError
from norm_aware.numeric.transform import directions

FOLDS = 5
MOST_PAIRS = 5
"""Relevant documents of a query that the linear adapter is trained on."""

ADAPTERS: Mapping[str, Mapping[str, Any]] = {
    "linear adapter, as documented": {},
    "linear adapter": {"epochs": 10, "batch_size": 64, "learning_rate": 5e-4},
}
"""LlamaIndex's adapter at its guide's settings, which undertrain it, and at the best of a dozen tried."""

NAMES = {"norm alone": "norm power alone"}
"""Arms of a calibration's evidence that have another name in the table."""

ASYMMETRIC = (
    *("covidqa", "nq_oracle", "pubmedqa", "medquad_liveqa", "scifact", "2wiki", "strategyqa_facts"),
)
"""Sets over which a mean of their own is shown: queries and documents are of different kinds there."""

ENCODERS: Mapping[str, Callable[[], RawEmbedding]] = {
    "minilm": lambda: offline.encoder(batch_size=64),
    "wordllama": lambda: RawEmbedding("wordllama", model=offline.static_encoder()),
}


def held_out(
    judged: Judged, folds: NDArray[np.intp], score: Callable[[NDArray[np.intp], NDArray[np.intp]], Matrix]
) -> Values:
    """nDCG@10 of every query, by scores that were fitted on the folds it is not in."""
    judgements = Judgements.of(judged.grades, documents=len(judged.corpus))
    values = np.empty(len(judged.queries))
    for fold in range(FOLDS):
        fit, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        values[test] = NDCG(judgements.take(test)).values(score(fit, test))
    return values


def some_pairs(judgements: Judgements) -> list[tuple[int, int]]:
    """The pairs an adapter is trained on: of a query with many relevant documents, the first few."""
    pairs: list[tuple[int, int]] = []
    seen: dict[int, int] = {}
    for query, document in zip(judgements.query.tolist(), judgements.document.tolist(), strict=True):
        seen[query] = seen.get(query, 0) + 1
        if seen[query] <= MOST_PAIRS:
            pairs.append((query, document))
    return pairs


def measure(name: str, encoder: str, judged: Judged, *, seed: int) -> list[dict[str, Any]]:
    """The rows of one set and one encoder."""
    corpus, queries = judged.corpus, judged.queries
    judgements = Judgements.of(judged.grades, documents=len(corpus))
    labels = split_large(judgements.groups(), FOLDS)
    folds = make_folds(labels, FOLDS, seed=seed)
    started = time.perf_counter()
    calibration = calibrate(
        corpus, queries, judged.grades, options=CalibrationOptions(seed=seed, symmetric=None)
    )
    seconds = time.perf_counter() - started  # of all arms of the evidence together
    units = directions(corpus.embeddings).astype(np.float32)
    asked = directions(queries).astype(np.float32)
    cosine = held_out(judged, folds, lambda _fit, test: asked[test] @ units.T)

    def row(arm: str, found: Any, seconds: float, *, mean: float | None, measure: str) -> dict[str, Any]:
        return {
            "set": name,
            "encoder": encoder,
            "arm": arm,
            "measure": measure,
            "mean": mean,
            **{key: getattr(found, key) for key in ("difference", "low", "high", "p")},
            "seconds": round(seconds, 2),
        }

    def own(arm: str, values: Values, seconds: float, chosen: str = "") -> dict[str, Any]:
        both = {"cosine": cosine, arm: values}
        measured = make_arms({"cosine": "", arm: chosen}, both, groups=labels, seed=seed)[1]
        return row(arm, measured, seconds, mean=measured.mean, measure="nDCG@10") | {"chosen": chosen}

    rows = []
    for measured in calibration.evidence.arms:
        arm = NAMES.get(measured.name, measured.name)
        found = row(arm, measured, seconds, mean=measured.mean, measure="nDCG@10")
        rows.append(found | {"chosen": measured.chosen})
    for contrast in calibration.evidence.contrasts:
        over = f"nDCG@10 over {NAMES.get(contrast.over, contrast.over)}"
        rows.append(row(contrast.arm, contrast, seconds, mean=None, measure=over))
    pairs = some_pairs(judgements)
    for arm, settings in ADAPTERS.items():
        started = time.perf_counter()

        def adapted(
            fit: NDArray[np.intp], test: NDArray[np.intp], settings: Mapping[str, Any] = settings
        ) -> Matrix:
            known = set(fit.tolist())
            taught = [pair for pair in pairs if pair[0] in known]
            adapter = fit_linear_adapter(asked, units, taught, seed=seed, **settings)
            return np.asarray(directions(adapter.apply(asked[test])).astype(np.float32) @ units.T)

        values = held_out(judged, folds, adapted)
        seconds = (time.perf_counter() - started) / FOLDS
        rows.append(own(arm, values, seconds))

    started = time.perf_counter()
    chosen: list[str] = []

    def unlabelled(fit: NDArray[np.intp], test: NDArray[np.intp]) -> Matrix:
        free = calibrate_label_free(corpus, queries[fit], seed=seed)
        chosen.append(free.evidence.choice)
        return free.scores(queries[test], corpus.embeddings, ids=corpus.ids).astype(np.float32)

    values = held_out(judged, folds, unlabelled)
    seconds = (time.perf_counter() - started) / FOLDS
    words = " | ".join(dict.fromkeys(chosen))
    rows.append(own("label_free", values, seconds, words))
    for note in (calibration.evidence.decision, *calibration.evidence.notes):
        print(f"  {note}", flush=True)
    if judged.pairs is not None:
        apart = (
            judged.apart
        )  # the pairs' sentences are among the queries: what is judged by them is fitted on the rest
        fitted = calibrate(
            corpus,
            queries[apart],
            [judged.grades[i] for i in apart],
            options=CalibrationOptions(seed=seed, controls=False, symmetric=None),
        )
        free = calibrate_label_free(corpus, queries[apart], seed=seed)
        for arm, of in (("cosine", None), (CALIBRATED, fitted), ("label_free", free)):
            rows.append(spearman_row(name, encoder, arm, of, judged.pairs, seed=seed))
    return rows


def spearman_row(
    name: str,
    encoder: str,
    arm: str,
    calibration: Calibration | None,
    pairs: tuple[Matrix, Matrix, Values],
    *,
    seed: int,
) -> dict[str, Any]:
    """Spearman of scores and gold over sentence pairs, with a bootstrap interval of the difference."""
    left, right, gold = pairs
    cosine = np.einsum("ij,ij->i", directions(left), directions(right))
    scores = cosine
    if calibration is not None:
        stored = calibration.documents(right)
        scores = np.einsum("ij,ij->i", calibration.queries(left), stored.vectors) + stored.offsets
    base, mean = (float(spearmanr(of, gold).statistic) for of in (cosine, scores))
    generator = np.random.default_rng(seed)
    differences = []
    for _ in range(1000 if not np.array_equal(scores, cosine) else 0):
        drawn = generator.integers(len(gold), size=len(gold))
        differences.append(
            spearmanr(scores[drawn], gold[drawn]).statistic - spearmanr(cosine[drawn], gold[drawn]).statistic
        )
    low, high = np.quantile(differences, [0.025, 0.975]).tolist() if differences else (0.0, 0.0)
    return {
        "set": name,
        "encoder": encoder,
        "arm": arm,
        "measure": "Spearman",
        "mean": mean,
        "difference": mean - base,
        "low": low,
        "high": high,
        "p": None,
        "seconds": 0.0,
        "chosen": "" if calibration is None else str(calibration),
    }


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Differences from cosine by arm and set, and their mean."""
    for encoder in dict.fromkeys(row["encoder"] for row in rows):
        of_encoder = [row for row in rows if row["encoder"] == encoder and row["measure"] == "nDCG@10"]
        sets = list(dict.fromkeys(row["set"] for row in of_encoder))
        table = Table(title=f"{encoder}: nDCG@10 minus cosine's; * where the 95% interval excludes 0")
        for heading in ("arm", *sets, "mean", "asymmetric"):
            table.add_column(heading, justify="left" if heading == "arm" else "right")
        for arm in dict.fromkeys(row["arm"] for row in of_encoder):
            found = {row["set"]: row for row in of_encoder if row["arm"] == arm}
            key = "mean" if arm == "cosine" else "difference"
            cells = [
                f"{found[s][key]:+.3f}{'*' if found[s]['low'] > 0 or found[s]['high'] < 0 else ''}"
                if s in found
                else "-"
                for s in sets
            ]
            means = [
                [found[s][key] for s in of if s in found]
                for of in (sets, [s for s in sets if s in ASYMMETRIC])
            ]
            table.add_row(arm, *cells, *(f"{np.mean(of):+.4f}" if of else "-" for of in means))
        Console(width=40 + 14 * (len(sets) + 2)).print(table)


def main() -> None:
    """Measure every set and write the rows after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of sets in BEIR's layout")
    parser.add_argument("--sets", help="their names, by commas; all with qrels if not given")
    parser.add_argument("--encoders", default="minilm,wordllama")
    parser.add_argument("--cache", type=Path, help="where embeddings are kept between runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    names = (
        options.sets.split(",")
        if options.sets
        else sorted(path.parent.name for path in options.data.glob("*/queries.jsonl"))
    )
    rows: list[dict[str, Any]] = []
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": metadata.version("numpy"),
        "seed": options.seed,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    chosen = options.encoders.split(",")
    if unknown := set(chosen) - set(ENCODERS):
        parser.error(f"there is no encoder {min(unknown)!r}; there are {', '.join(ENCODERS)}")
    for key in chosen:
        encoder = ENCODERS[key]()
        for name in names:
            try:
                judged = embed(options.data / name, encoder, options.cache)
            except NormAwareError as error:  # one broken set shall not cost the others
                print(f"{key} {name}: left out. {error}", flush=True)
                continue
            print(f"{key} {name}: {len(judged.corpus)} documents, {len(judged.queries)} queries", flush=True)
            rows += measure(name, key, judged, seed=options.seed)
            options.out.write_text(
                json.dumps({"about": about, "rows": rows}, indent=1, ensure_ascii=False), encoding="utf-8"
            )
    print_table(rows)


if __name__ == "__main__":
    main()

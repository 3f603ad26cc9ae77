"""Does calibration gain on queries it did not see? Every set of a folder, every arm, paired with cosine.

    python integration/calibration_evidence.py --data DIR [--sets a,b] [--encoders minilm,wordllama]
        [--cache DIR] --out FILE.json

Each set is a folder in BEIR's layout; `corpus_distractors.jsonl`, where a set has one, is appended to its
corpus. Every arm is scored on held-out queries alone: they are dealt into five folds that keep together those
which share a relevant document, and what an arm fits or chooses comes from the other four. `calibrated`
keeps cosine for a fold where those four prove no gain. `pairs.jsonl`, where a set has one, holds sentence
pairs with a score: the calibration of the set is judged by Spearman on its test split too.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from linear_adapter import fit_linear_adapter
from norm_aware import RawEmbedding, offline
from norm_aware.benchmark.dataset import Dataset, read_beir, read_documents
from norm_aware.calibration.calibrate import (
    CALIBRATED,
    LENGTH_FOR_NORM,
    SHUFFLED_FOR_NORM,
    WITHOUT_NORM,
    CalibrationOptions,
    calibrate,
)
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import Corpus, PseudoQueries
from norm_aware.calibration.evidence import Arm
from norm_aware.calibration.judgements import Judgements, make_folds
from norm_aware.calibration.label_free import calibrate_label_free
from norm_aware.calibration.ranking import NDCG
from norm_aware.llamaindex.corpus import embed_corpus
from norm_aware.llamaindex.points import point_id
from norm_aware.numeric.transform import directions

Matrix = NDArray[np.float32]
Values = NDArray[np.float64]

FOLDS = 5
MOST_PAIRS = 5
"""Relevant documents of a query that the linear adapter is trained on."""

ADAPTERS: Mapping[str, Mapping[str, Any]] = {
    "linear adapter, as documented": {},
    "linear adapter": {"epochs": 10, "batch_size": 64, "learning_rate": 5e-4},
}
"""LlamaIndex's adapter at its guide's settings, which undertrain it, and at the best of a dozen tried."""

DISTRACTORS = "corpus_distractors.jsonl"
PAIRS = "pairs.jsonl"

# the arms of a calibration's own evidence, under the names of this table
OF_EVIDENCE = {
    "dot": "dot",
    "norm alone": "norm power alone",
    "length alone": "length alone",
    "whitening alone": "whitening alone",
    "hubness alone": "hub bias alone",
    "feature augmentation": "feature augmentation",
    CALIBRATED: "calibrated",
    WITHOUT_NORM: "calibrated, without the norm",
    LENGTH_FOR_NORM: "calibrated, length for the norm",
    SHUFFLED_FOR_NORM: "calibrated, shuffled for the norm",
}

ENCODERS: Mapping[str, Callable[[], RawEmbedding]] = {
    "minilm": lambda: offline.encoder(batch_size=64),
    "wordllama": lambda: RawEmbedding("wordllama", model=offline.static_encoder()),
}


class Judged(NamedTuple):
    """One set, embedded by one encoder."""

    corpus: Corpus
    queries: Matrix
    grades: list[dict[int, float]]
    pairs: tuple[Matrix, Matrix, Values] | None


def embed(folder: Path, encoder: RawEmbedding, cache: Path | None) -> Judged:
    """Embed a set, or take it from the cache."""
    dataset: Dataset = read_beir(folder)
    documents = list(dataset.documents)
    if (folder / DISTRACTORS).is_file():
        documents += read_documents(folder / DISTRACTORS)
    position = {document.id: i for i, document in enumerate(documents)}
    ids = [document.id for document in documents]
    scored = read_pairs(folder / PAIRS)
    kept = cache / f"{folder.name}-{encoder.fingerprint}-{dataset.digest}.npz" if cache else None
    if kept is not None and kept.is_file():
        stored = np.load(kept, allow_pickle=False)
        corpus = Corpus(
            stored["documents"],
            ids=[point_id(name) for name in ids],
            lengths=stored["lengths"],
            pseudo_queries=PseudoQueries(stored["spans"], tuple(stored["sources"].tolist())),
            encoder=(encoder.model_name, encoder.fingerprint),
        )
        arrays = [stored[name] for name in ("queries", "left", "right")]
    else:
        corpus = embed_corpus(ids, [document.content for document in documents], encoder)
        texts: list[list[str]] = [[query.text for query in dataset.queries]]
        texts += [[pair[0] for pair in scored], [pair[1] for pair in scored]]
        arrays = [
            np.asarray(encoder.embed_queries(of), dtype=np.float32) if of else np.zeros((0, 0))
            for of in texts
        ]
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(
                kept,
                documents=corpus.embeddings,
                lengths=np.asarray(corpus.lengths),
                spans=corpus.pseudo_queries.embeddings,
                sources=np.array(corpus.pseudo_queries.sources),
                queries=arrays[0],
                left=arrays[1],
                right=arrays[2],
            )
    grades = [
        {position[document]: float(grade) for document, grade in dataset.qrels[query.id].items()}
        for query in dataset.queries
    ]
    pairs = (arrays[1], arrays[2], np.array([s[2] for s in scored])) if scored else None
    return Judged(corpus, arrays[0], grades, pairs)


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """Scored sentence pairs of the test split."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(r["sentence1"], r["sentence2"], float(r["score"])) for r in rows if r["split"] == "test"]


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
    folds = make_folds(judgements.groups(), FOLDS, seed=seed)
    started = time.perf_counter()
    calibration = calibrate(corpus, queries, judged.grades, options=CalibrationOptions(seed=seed))
    seconds = time.perf_counter() - started  # of all arms of the evidence together
    units = directions(corpus.embeddings).astype(np.float32)
    asked = directions(queries).astype(np.float32)
    cosine = held_out(judged, folds, lambda _fit, test: asked[test] @ units.T)

    def row(arm: str, measured: Arm, seconds: float) -> dict[str, Any]:
        return {
            "set": name,
            "encoder": encoder,
            "arm": arm,
            "measure": "nDCG@10",
            "mean": measured.mean,
            "difference": measured.difference,
            "low": measured.low,
            "high": measured.high,
            "p": measured.p,
            "seconds": round(seconds, 2),
            "chosen": measured.chosen,
        }

    rows = [row("cosine", Arm.of("cosine", "cosine", cosine, cosine, seed=seed), 0.0)]
    for found, arm in OF_EVIDENCE.items():
        if (measured := calibration.evidence.arm(found)) is not None:
            rows.append(row(arm, measured, seconds))

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
        rows.append(row(arm, Arm.of(arm, "", values, cosine, seed=seed), seconds))

    started = time.perf_counter()
    chosen: list[str] = []

    def unlabelled(fit: NDArray[np.intp], test: NDArray[np.intp]) -> Matrix:
        free = calibrate_label_free(corpus, queries[fit], seed=seed)
        chosen.append(free.evidence.choice)
        return free.scores(queries[test], corpus.embeddings, ids=corpus.ids).astype(np.float32)

    values = held_out(judged, folds, unlabelled)
    seconds = (time.perf_counter() - started) / FOLDS
    words = " | ".join(dict.fromkeys(chosen))
    rows.append(row("label_free", Arm.of("label_free", words, values, cosine, seed=seed), seconds))
    for note in (calibration.evidence.decision, *calibration.evidence.notes):
        print(f"  {note}", flush=True)
    if judged.pairs is not None:
        free = calibrate_label_free(corpus, queries, seed=seed)
        for arm, of in (("cosine", None), ("calibrated", calibration), ("label_free", free)):
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
        for heading in ("arm", *sets, "mean"):
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
            table.add_row(arm, *cells, f"{np.mean([row[key] for row in found.values()]):+.4f}")
        Console(width=40 + 12 * (len(sets) + 1)).print(table)


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
        else sorted(path.parent.name for path in options.data.glob("*/qrels.tsv"))
    )
    rows: list[dict[str, Any]] = []
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "numpy": metadata.version("numpy"),
        "seed": options.seed,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for key in options.encoders.split(","):
        encoder = ENCODERS[key]()
        for name in names:
            judged = embed(options.data / name, encoder, options.cache)
            print(f"{key} {name}: {len(judged.corpus)} documents, {len(judged.queries)} queries", flush=True)
            rows += measure(name, key, judged, seed=options.seed)
            options.out.write_text(
                json.dumps({"about": about, "rows": rows}, indent=1, ensure_ascii=False), encoding="utf-8"
            )
    print_table(rows)


if __name__ == "__main__":
    main()

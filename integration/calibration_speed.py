"""How long calibration takes, and what memory, by size: random embeddings with one judged document a query.

    python integration/calibration_speed.py [--sizes 5000x500 100000x1000] [--dimension 384] --out FILE.json

The whole of `calibrate` with its controls is timed: searching, proving, fitting and the probability. Each
size runs in a process of its own, so that its peak memory is its own; embeddings are made before the clock
starts. Times are of this machine alone and compare only within one run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

from norm_aware import Corpus, PseudoQueries, calibrate


def measure(documents: int, queries: int, dimension: int) -> dict[str, Any]:
    """Seconds and peak memory of one calibration."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(documents, dimension)).astype(np.float32)
    rows *= rng.lognormal(0, 0.3, size=(documents, 1)).astype(np.float32)
    answers = rng.permutation(documents)[:queries]
    asked = (rows[answers] + rng.normal(size=(queries, dimension)) * 3).astype(np.float32)
    sources = rng.integers(documents, size=4000)
    spans = (rows[sources] + rng.normal(size=(4000, dimension)) * 2).astype(np.float32)
    corpus = Corpus(
        rows,
        lengths=rng.integers(20, 300, size=documents),
        pseudo_queries=PseudoQueries(spans, tuple(str(i) for i in sources)),
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    calibration = calibrate(corpus, asked, [{int(answer): 1} for answer in answers])
    return {
        "documents": documents,
        "queries": queries,
        "dimension": dimension,
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mib_above_embeddings": round(
            (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        ),
        "decision": calibration.evidence.decision,
    }


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="*", default=["5000x500", "100000x1000"])
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        documents, queries = (int(number) for number in size.split("x"))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(measure, (documents, queries, options.dimension)))
        print(json.dumps(rows[-1]), flush=True)
    about = {"cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"about": about, "rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

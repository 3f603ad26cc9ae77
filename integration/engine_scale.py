"""The embedded engine at half a million points: ingestion, index, queries, memory and recall.

    python integration/engine_scale.py --out FILE.json [--points 500000] [--dimension 256]

Vectors are clustered, with lognormal lengths (sigma .5) that say nothing of the direction. Memory is the
process's resident set; part of it are the engine's mapped files, which the system takes back at need.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware import EmbeddedClient
from norm_aware.qdrant.index_settings import IndexSettings, search_params

BATCH = 1000
QUERIES = 300


def main() -> None:
    """Ingest, index, search, reopen; write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="where the figures go")
    parser.add_argument("--points", type=int, default=500_000)
    parser.add_argument("--dimension", type=int, default=256)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.points, arguments.dimension, Path(folder))
    figures["machine"] = {
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "qdrant-edge-py": version("qdrant-edge-py"),
    }
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


def batch_of(start: int, dimension: int) -> NDArray[np.float32]:
    """Points `start` to `start + BATCH`, the same each time."""
    centres = np.random.default_rng(0).normal(size=(1000, dimension)).astype(np.float32)
    generator = np.random.default_rng(start + 1)
    rows = centres[generator.integers(len(centres), size=BATCH)]
    rows = rows + 0.7 * generator.normal(size=rows.shape).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows * generator.lognormal(0, 0.5, size=(BATCH, 1))).astype(np.float32)


def measure(points: int, dimension: int, folder: Path) -> dict[str, Any]:
    """All figures of one collection."""
    settings = IndexSettings()
    client = EmbeddedClient(folder)
    client.create_collection(
        "c",
        vectors_config=models.VectorParams(size=dimension, distance=models.Distance.DOT),
        **settings.creation(),
    )
    client.create_payload_index("c", "norm", models.PayloadSchemaType.FLOAT)
    figures: dict[str, Any] = {"points": points, "dimension": dimension, "settings": str(settings)}
    ingest = 0.0
    for start in range(0, points, BATCH):
        rows = batch_of(start, dimension)
        lengths = np.linalg.norm(rows, axis=1)
        batch = [
            models.PointStruct(id=start + i, vector=row, payload={"norm": float(length)})
            for i, (row, length) in enumerate(zip(rows.tolist(), lengths, strict=True))
        ]
        began = time.perf_counter()
        with client.deferring():
            client.upsert("c", batch)
        ingest += time.perf_counter() - began
        if start % 50_000 == 0:
            print(f"{start} points, {ingest:.0f} s, {resident():.2f} GiB", flush=True)
    figures["ingest_s"] = round(ingest, 1)
    began = time.perf_counter()
    client.optimize("c")
    figures["index_s"] = round(time.perf_counter() - began, 1)
    figures["indexed"] = client.get_collection("c").indexed_vectors_count
    queries = batch_of(points, dimension)[:QUERIES]
    scores = np.concatenate(
        [queries @ batch_of(start, dimension).T for start in range(0, points, BATCH)], axis=1
    )
    for k in (10, 100):
        bounds = np.partition(scores, -k, axis=1)[:, -k]
        held, times = 0, []
        for query, score, bound in zip(queries.tolist(), scores, bounds, strict=True):
            began = time.perf_counter()
            found = client.query_points(
                "c", query=query, limit=k, search_params=search_params(limit=k), with_payload=False
            ).points
            times.append(time.perf_counter() - began)
            held += sum(score[point.id] >= bound - 1e-5 * abs(bound) for point in found)
        figures[f"recall@{k}"] = float(held / (k * QUERIES))
        figures[f"p50_ms@{k}"], figures[f"p99_ms@{k}"] = (
            round(1000 * float(np.quantile(times, q)), 2) for q in (0.5, 0.99)
        )
    figures["resident_gib"] = round(resident(), 2)
    figures["peak_resident_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    client.close()
    figures["disk_gib"] = round(
        sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 2**30, 2
    )
    began = time.perf_counter()
    client = EmbeddedClient(folder)
    client.query_points("c", query=queries[0].tolist(), limit=10)
    figures["reopen_s"] = round(time.perf_counter() - began, 3)
    client.close()
    return figures


def resident() -> float:
    """Resident memory of this process, GiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**30


if __name__ == "__main__":
    main()

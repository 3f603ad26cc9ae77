"""Recall of the index under Dot against exact search, and what it costs.

On embeddings of real sets, raw, and on synthetic clusters with lognormal lengths that say nothing of the
direction; with Qdrant's own index settings, with ours, and with scalar quantisation. The thresholds below
which the engine searches by brute force are set so low that the graph is always used.

    python integration/engine_recall.py --out FILE.json [--data DIR] [--cache DIR] [--sets NAME ...]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware import EmbeddedClient, offline
from norm_aware.qdrant.index_settings import IndexSettings, search_params

Matrix = NDArray[np.float32]

SETS = ("nq_oracle", "medquad_liveqa", "covidqa", "2wiki")
QUERIES = 200
KINDS = {
    "qdrant": IndexSettings(m=16, ef_construct=100),
    "ours": IndexSettings(),
    "ours, int8": IndexSettings(quantization="scalar"),
}


class Material(NamedTuple):
    """What is searched, and with what."""

    name: str
    documents: Matrix
    queries: Matrix


def main() -> None:
    """Measure and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="where the rows go")
    parser.add_argument(
        "--data", type=Path, help="folder of datasets in BEIR's layout; synthetic ones only without"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps embeddings between runs")
    arguments = parser.parse_args()
    figures = recalls(arguments.data, arguments.cache)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


def recalls(data: Path | None, cache: Path | None) -> dict[str, Any]:
    """The worst recall of our settings over all sets, and a row for each set and kind of settings."""
    rows = []
    for material in [*synthetic(), *(real(data, cache) if data is not None else [])]:
        for kind, settings in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                row = {"set": material.name, "settings": kind, **measure(material, settings, Path(folder))}
            print(row, flush=True)
            rows.append(row)
    ours = [row for row in rows if row["settings"] == "ours"]
    return {
        "recall_at_10": min(row["recall@10"] for row in ours),
        "recall_at_100": min(row["recall@100"] for row in ours),
        "recalls": rows,
    }


def synthetic() -> Iterator[Material]:
    """Clusters whose members' lengths are lognormal, 20,000 x 128."""
    for sigma in (0.0, 0.5, 1.0):
        generator = np.random.default_rng(0)
        centres = generator.normal(size=(100, 128))

        def near(count: int, generator: np.random.Generator = generator, centres: Any = centres) -> Any:
            rows = centres[generator.integers(100, size=count)] + 0.7 * generator.normal(size=(count, 128))
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

        documents = near(20_000) * generator.lognormal(0, sigma, size=(20_000, 1))
        yield Material(
            f"clusters, sigma {sigma}", documents.astype(np.float32), near(QUERIES).astype(np.float32)
        )


def real(data: Path, cache: Path | None) -> Iterator[Material]:
    """Raw embeddings of real sets by a transformer and by a static encoder."""
    from evidence_sets import embed
    from norm_aware import RawEmbedding

    encoders = {
        "MiniLM": offline.encoder(),
        "wordllama": RawEmbedding("static", model=offline.static_encoder()),
    }
    for name in SETS:
        for label, encoder in encoders.items():
            judged = embed(data / name, encoder, cache)
            yield Material(
                f"{name}, {label}", judged.corpus.embeddings.astype(np.float32), judged.queries[:QUERIES]
            )


def measure(material: Material, settings: IndexSettings, folder: Path) -> dict[str, Any]:
    """Build the index and compare its top 10 and top 100 with exact search."""
    client = EmbeddedClient(folder)
    creation = settings.creation()
    creation["hnsw_config"].full_scan_threshold = 10
    client.create_collection(
        "c",
        vectors_config=models.VectorParams(size=material.documents.shape[1], distance=models.Distance.DOT),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=10),
        **creation,
    )
    client.upload_collection("c", material.documents, batch_size=500)
    started = time.perf_counter()
    client.optimize("c")
    row: dict[str, Any] = {
        "points": len(material.documents),
        "dimension": material.documents.shape[1],
        "build_s": round(time.perf_counter() - started, 2),
    }
    scores = material.queries @ material.documents.T
    for k in (10, 100):
        least = np.partition(scores, -k, axis=1)[:, -k]
        params = search_params(limit=k)
        held, times = 0, []
        for query, score, bound in zip(material.queries.tolist(), scores, least, strict=True):
            began = time.perf_counter()
            points = client.query_points(
                "c", query=query, limit=k, search_params=params, with_payload=False
            ).points
            times.append(time.perf_counter() - began)
            # ties with the last one count as found; float32 sums differ in their last digits
            held += sum(score[point.id] >= bound - 1e-5 * abs(bound) for point in points)
        row[f"recall@{k}"] = float(held / (k * len(material.queries)))
        row[f"query_ms@{k}"] = round(1000 * float(np.median(times)), 3)
    client.close()
    return row


if __name__ == "__main__":
    main()

"""Speed and recall of the embedded engine and of the retriever on it, as ratios measured in one run.

The engine against qdrant-client's local mode, the retriever against the bare client and LlamaIndex's stock
retriever, the reranker, and the encoder against bare sentence-transformers and LlamaIndex's default; recall
of the index against exact search, on real sets and on synthetic ones with skewed norms.

    python integration/engine_bench.py --out FILE.json [--data DIR] [--cache DIR] [--points N]

Keys: `ingest_ratio`, `ingest_and_index_ratio`, `query_ratio` and `filtered_ratio` are local mode's time over
the engine's; `retriever_over_client` and `retriever_over_stock` ours over theirs; recalls the worst set's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from embedding_speed import measure, read_passages
from engine_recall import recalls
from norm_aware import (
    EmbeddedClient,
)
from retriever_speed import REPEATS, milliseconds, rerank_ms, retrievers

DIMENSION = 384


def main() -> None:
    """Run every comparison and write one JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="where the figures go")
    parser.add_argument(
        "--data", type=Path, help="folder of datasets in BEIR's layout, for recall and encoding"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps embeddings between runs")
    parser.add_argument("--points", type=int, default=20_000, help="points of the speed comparisons")
    arguments = parser.parse_args()
    vectors = skewed(arguments.points)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures |= engines(vectors, Path(folder))
        figures |= retrievers(vectors, Path(folder) / "retrievers")
    figures |= {"rerank_1000_ms": rerank_ms()}
    figures |= recalls(arguments.data, arguments.cache)
    if arguments.data is not None:
        figures |= measure(read_passages(arguments.data, 300))
    figures["machine"] = {
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("qdrant-client", "qdrant-edge-py", "llama-index-core")},
    }
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps({key: value for key, value in figures.items() if isinstance(value, float)}, indent=1))


def skewed(count: int) -> NDArray[np.float32]:
    """Vectors in clusters with lognormal lengths, sigma .5."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(200, DIMENSION))
    rows = centres[generator.integers(200, size=count)] + 0.7 * generator.normal(size=(count, DIMENSION))
    rows *= generator.lognormal(0, 0.5, size=(count, 1)) / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def engines(vectors: NDArray[np.float32], folder: Path) -> dict[str, Any]:
    """Ingestion, queries, filtered queries and reopening, local mode against the engine."""
    points = [
        models.PointStruct(
            id=i,
            vector=row.tolist(),
            payload={"norm": float(np.linalg.norm(row)), "group": i % 50, "text": f"passage {i} " * 20},
        )
        for i, row in enumerate(vectors)
    ]
    local = one_engine(lambda: QdrantClient(path=str(folder / "local")), points, repeats=20)
    ours = one_engine(lambda: EmbeddedClient(folder / "embedded"), points, repeats=REPEATS)
    return {
        "ingest_ratio": local["ingest_s"] / ours["ingest_s"],
        "ingest_and_index_ratio": local["ingest_and_index_s"] / ours["ingest_and_index_s"],
        "query_ratio": local["query_ms"] / ours["query_ms"],
        "filtered_ratio": local["filtered_ms"] / ours["filtered_ms"],
        "reopen_s": ours["reopen_s"],
        "engines": {"points": len(points), "dimension": DIMENSION, "local": local, "embedded": ours},
    }


def one_engine(
    make: Callable[[], QdrantClient], points: list[models.PointStruct], *, repeats: int
) -> dict[str, float]:
    """What one engine takes for everything."""
    client = make()
    client.create_collection(
        "c", vectors_config=models.VectorParams(size=DIMENSION, distance=models.Distance.DOT)
    )
    if isinstance(client, EmbeddedClient):  # local mode has no payload index
        client.create_payload_index("c", "group", models.PayloadSchemaType.INTEGER)
    took: dict[str, float] = {}
    started = time.perf_counter()
    for start in range(0, len(points), 256):
        client.upsert("c", points[start : start + 256])
    took["ingest_s"] = time.perf_counter() - started
    if isinstance(client, EmbeddedClient):
        client.optimize("c")
    took["ingest_and_index_s"] = time.perf_counter() - started
    queries: list[Any] = [point.vector for point in points[: REPEATS + 1]]
    some = models.Filter(must=[models.FieldCondition(key="group", match=models.MatchValue(value=7))])
    took["query_ms"] = milliseconds(lambda i: client.query_points("c", query=queries[i]), repeats)
    took["filtered_ms"] = milliseconds(
        lambda i: client.query_points("c", query=queries[i], query_filter=some), repeats
    )
    client.close()
    started = time.perf_counter()
    again = make()
    again.query_points("c", query=queries[0])
    took["reopen_s"] = time.perf_counter() - started
    again.close()
    return took


if __name__ == "__main__":
    main()

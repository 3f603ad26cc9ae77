"""What tests of searches share."""

from __future__ import annotations

import numpy as np
from qdrant_client import QdrantClient, models

from norm_aware.geometry.norms import norm_edges, norms
from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.field import OFFSET


def filled(
    client: QdrantClient, vectors: np.ndarray, *, ranges: int = 8, offsets: dict[int, float] | None = None
) -> Contract:
    lengths = norms(vectors)
    contract = Contract("e", "f", vectors.shape[1], norm_edges=norm_edges(lengths, ranges=ranges))
    run(client, create_collection("c", contract, payload_index=False))
    client.upsert(
        "c",
        [
            models.PointStruct(
                id=i,
                vector=v.tolist(),
                payload={"norm": float(n), "even": i % 2 == 0}
                | ({OFFSET: offsets[i]} if offsets and i in offsets else {}),
            )
            for i, (v, n) in enumerate(zip(vectors, lengths, strict=True))
        ],
    )
    return contract


def skewed(seed: int, count: int = 300, dimension: int = 8) -> np.ndarray:
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(count, dimension))
    return (directions * generator.lognormal(0, 1, (count, 1))).astype(np.float32)


def brute_force(vectors: np.ndarray, query: np.ndarray, similarity: Similarity) -> np.ndarray:
    return similarity.from_dot(
        vectors.astype(np.float64) @ query.astype(np.float64), np.linalg.norm(query), norms(vectors)
    )

"""Does one request find the exact top k? Compares the retriever with brute force and with stock cosine.

For each document power: how much of the brute-force top k a Dot prefetch per norm range (what a server is
asked) and `exact=True` hold, beside a single Dot prefetch of as many candidates; and whether cosine from
raw vectors ranks as a stock Cosine collection of the same vectors does.

    python integration/exactness.py --data DIR [--queries N] [--powers P ...] --out FILE.json
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore
from numpy.typing import NDArray
from qdrant_client import QdrantClient

from norm_aware import NormAwareRetriever, NormAwareVectorStore, PowerSimilarity, RawEmbedding, offline
from norm_aware.benchmark.datasets.beir import read_beir
from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.llamaindex.points import point_id
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.edges import RANGES
from norm_aware.qdrant.options import SearchOptions, first_candidates
from norm_aware.qdrant.search import search

TOLERANCE = 1e-6  # scores this close are ties, whose order no engine promises


def same_ranking(found: list[str], expected: list[str], scores: dict[str, float]) -> bool:
    """Whether two rankings are equal up to the order of ties."""
    return len(found) == len(expected) and all(
        a == b or abs(scores[a] - scores[b]) < TOLERANCE for a, b in zip(found, expected, strict=True)
    )


def stock_row(
    name: str,
    k: int,
    queries: Sequence[Query],
    questions: NDArray[np.float32],
    *,
    nodes: list[TextNode],
    index: VectorStoreIndex,
    encoder: RawEmbedding,
) -> dict[str, Any]:
    """On how many queries cosine from raw vectors ranks as a stock Cosine collection does."""
    store = QdrantVectorStore("stock", client=QdrantClient(":memory:"), index_doc_id=False)
    stock = VectorStoreIndex(
        nodes, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=encoder
    ).as_retriever(similarity_top_k=k)
    ours = NormAwareRetriever(index, similarity="cosine", similarity_top_k=k)
    equal = 0
    for query, question in zip(queries, questions.tolist(), strict=True):
        expected = stock.retrieve(QueryBundle(query.text, embedding=question))
        found = ours.retrieve(QueryBundle(query.text, embedding=question))
        scores = {node.node_id: float(node.score or 0) for node in [*expected, *found]}
        equal += same_ranking([n.node_id for n in found], [n.node_id for n in expected], scores)
    return {
        "set": name,
        "search": "cosine equals stock Cosine",
        "top_k": k,
        "queries": len(queries),
        "same_ranking": equal / len(queries),
    }


def main() -> None:
    """Run the comparison and write its rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder in BEIR's layout")
    parser.add_argument("--queries", type=int, help="a seeded sample of so many; all if not given")
    parser.add_argument("--top-k", type=int, default=10)
    parser.add_argument("--powers", type=float, nargs="*", default=[-0.5, 0.0, 0.5, 1.0])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    dataset, k = read_beir(options.data), options.top_k
    queries = dataset.sample(options.queries)
    encoder = offline.encoder()
    texts = [document.content for document in dataset.documents]
    vectors = np.asarray(encoder.get_text_embedding_batch(texts, show_progress=True), dtype=np.float32)
    questions = np.asarray(encoder.embed_queries([query.text for query in queries]), dtype=np.float32)
    nodes = [
        TextNode(id_=point_id(document.id), text=document.content, embedding=vector)
        for document, vector in zip(dataset.documents, vectors.tolist(), strict=True)
    ]
    ids = [node.node_id for node in nodes]
    client = QdrantClient(":memory:")
    store = NormAwareVectorStore("raw", client=client, embed_model=encoder)
    store.add(nodes)
    index = VectorStoreIndex.from_vector_store(store, embed_model=encoder)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)

    rows: list[dict[str, Any]] = []
    for power in options.powers:
        similarity = PowerSimilarity(document_power=power)
        candidates = first_candidates(k, SearchOptions(similarity), 1.0)
        ways = {
            "ranges": NormAwareRetriever(
                index, similarity=similarity, similarity_top_k=k, candidates=candidates
            ),
            "exact": NormAwareRetriever(index, similarity=similarity, similarity_top_k=k, exact=True),
        }
        equal = dict.fromkeys([*ways, "one prefetch"], 0)
        held = dict.fromkeys(equal, 0)
        seconds = dict.fromkeys(equal, 0.0)
        for query, question in zip(queries, questions, strict=True):
            scores = similarity.from_dot(
                vectors.astype(np.float64) @ question, np.linalg.norm(question), lengths
            )
            best = [ids[i] for i in np.argsort(-scores, kind="stable")[:k]]
            by_id = dict(zip(ids, scores.tolist(), strict=True))
            for way in equal:
                started = time.perf_counter()
                if way == "one prefetch":
                    hits = run(
                        client,
                        search(
                            "raw",
                            question,
                            limit=k,
                            contract=Contract(None, None, vectors.shape[1]),
                            options=SearchOptions(similarity, candidates=RANGES * candidates),
                            local=True,
                        ),
                    )
                    found = [str(hit.point.id) for hit in hits.hits]
                else:
                    bundle = QueryBundle(query.text, embedding=question.tolist())
                    found = [node.node_id for node in ways[way].retrieve(bundle)]
                seconds[way] += time.perf_counter() - started
                equal[way] += same_ranking(found, best, by_id)
                held[way] += sum(by_id[node] >= by_id[best[-1]] - TOLERANCE for node in found)
        for way in equal:
            row = {
                "set": dataset.name,
                "document_power": power,
                "search": way,
                "top_k": k,
                "queries": len(queries),
                "same_ranking": equal[way] / len(queries),
                "recall": held[way] / (k * len(queries)),
                "seconds_per_query": seconds[way] / len(queries),
            }
            rows.append(row)
            print(json.dumps(row))

    rows.append(stock_row(dataset.name, k, queries, questions, nodes=nodes, index=index, encoder=encoder))
    print(json.dumps(rows[-1]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Corpora to calibrate on, from texts and an encoder or from a collection that holds the vectors already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from norm_aware.calibration.corpus import BANK, Corpus, PseudoQueries
from norm_aware.calibration.pseudo_queries import PseudoQuery, cut_spans
from norm_aware.errors import CollectionError
from norm_aware.llamaindex.embedding import RawEmbedding, encoder_identity
from norm_aware.llamaindex.points import point_id
from norm_aware.llamaindex.words import text_of
from norm_aware.progress import Progress, silent
from norm_aware.qdrant.calibrated import raw_vector
from norm_aware.qdrant.calls import Steps, run
from norm_aware.qdrant.collection import open_collection, read_batch, require_encoder

_BATCH = 512


def embed_corpus(
    ids: Sequence[str],
    texts: Sequence[str],
    embedding: RawEmbedding,
    *,
    pseudo_queries: Sequence[PseudoQuery] | int = BANK,
    seed: int = 0,
    progress: Progress = silent,
) -> Corpus:
    """Embed documents, and pseudo-queries cut from them.

    Args:
        ids: node ids, under which the documents are or will be stored.
        texts: what is embedded of each.
        embedding: the encoder.
        pseudo_queries: texts in the place of queries, or how many spans are cut; 0 does without.
        seed: of the spans.
        progress: told how far it is.
    """
    vectors: list[list[float]] = []
    for start in range(0, len(texts), _BATCH):
        progress("Embedding documents", start, len(texts))
        vectors += embedding.get_text_embedding_batch(list(texts[start : start + _BATCH]))
    progress("Embedding documents", len(texts), len(texts))
    return _corpus(
        [point_id(name) for name in ids],
        np.asarray(vectors, dtype=np.float32),
        texts,
        embedding,
        pseudo_queries,
        seed,
        progress,
    )


def read_corpus(
    client: QdrantClient,
    collection: str,
    embedding: RawEmbedding,
    *,
    pseudo_queries: Sequence[PseudoQuery] | int = BANK,
    seed: int = 0,
    progress: Progress = silent,
) -> Corpus:
    """The corpus of a collection: its raw vectors, whichever way they are stored, and spans of its texts.

    Args:
        client: of the engine that holds it.
        collection: its name.
        embedding: its encoder, which embeds the spans.
        pseudo_queries: as in `embed_corpus`.
        seed: of the spans.
        progress: told how far it is.

    Raises:
        CollectionError: when the collection is missing or empty.
        ContractError: when another encoder made its vectors.
    """
    read = run(client, _read(collection, encoder_identity(embedding), progress))
    return _corpus(
        [name for name, _, _ in read],
        np.stack([vector for _, vector, _ in read]),
        [text for _, _, text in read],
        embedding,
        pseudo_queries,
        seed,
        progress,
    )


def sample_spans(client: QdrantClient, collection: str, count: int, *, seed: int) -> list[str]:
    """Spans of a collection's texts in the place of queries.

    Args:
        client: of the engine that holds it.
        collection: its name.
        count: how many.
        seed: of the choice of spans; the engine chooses the documents.

    Raises:
        CalibrationError: when its points have no text that LlamaIndex stored.
    """
    some = client.query_points(
        collection, query=models.SampleQuery(sample=models.Sample.RANDOM), limit=count, with_payload=True
    )
    texts = [text_of(point.payload or {}) for point in some.points]
    return [span.text for span in cut_spans(texts, count, seed=seed)]


def _corpus(
    ids: Sequence[str],
    vectors: NDArray[np.float32],
    texts: Sequence[str],
    embedding: RawEmbedding,
    pseudo_queries: Sequence[PseudoQuery] | int,
    seed: int,
    progress: Progress,
) -> Corpus:
    pseudo = None
    if isinstance(pseudo_queries, int):
        filled = any(text.strip() for text in texts)
        pseudo_queries = cut_spans(texts, pseudo_queries, seed=seed) if filled else []
    if pseudo_queries:
        asked: list[list[float]] = []
        for start in range(0, len(pseudo_queries), _BATCH):
            progress("Embedding pseudo-queries", start, len(pseudo_queries))
            asked += embedding.embed_queries([q.text for q in pseudo_queries[start : start + _BATCH]])
        progress("Embedding pseudo-queries", len(pseudo_queries), len(pseudo_queries))
        pseudo = PseudoQueries(
            np.asarray(asked, dtype=np.float32), tuple(ids[query.document] for query in pseudo_queries)
        )
    lengths = np.array([len(text.split()) for text in texts], dtype=np.float64)
    return Corpus(
        vectors,
        ids=ids,
        lengths=lengths if lengths.any() else None,
        pseudo_queries=pseudo,
        encoder=encoder_identity(embedding),
    )


def _read(
    collection: str, encoder: tuple[str, str], progress: Progress
) -> Steps[list[tuple[str, NDArray[np.float32], str]]]:
    """Id, raw vector and embedded text of every point."""
    contract, total = yield from open_collection(collection)
    require_encoder(contract, encoder=encoder[0], fingerprint=encoder[1], collection=collection)
    if total == 0:
        raise CollectionError(f"Collection {collection!r} holds no documents; index some first.")
    read: list[tuple[str, NDArray[np.float32], str]] = []
    batch: list[models.Record]
    offset: Any = None
    while True:
        batch, offset = yield from read_batch(collection, offset, size=_BATCH)
        for record in batch:
            payload = record.payload or {}
            vector = raw_vector(cast("list[float]", record.vector), payload)
            read.append((str(record.id), vector, text_of(payload)))
        progress("Reading vectors", len(read), total)
        if offset is None:
            return read

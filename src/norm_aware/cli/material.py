"""What diagnosis and calibration work on: a corpus, from a folder or a collection, and its queries."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from norm_aware.benchmark.datasets.beir import read_beir, read_queries
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.benchmark.datasets.dataset import Query
from norm_aware.calibration.candidates import Candidate, as_trained
from norm_aware.calibration.corpus import BANK, Corpus
from norm_aware.errors import DatasetError, QueryError
from norm_aware.llamaindex.corpus import embed_corpus, read_corpus
from norm_aware.llamaindex.embedding import RAW, RawEmbedding
from norm_aware.llamaindex.points import point_id
from norm_aware.model_record import recorded_anti_hubness
from norm_aware.progress import Progress
from norm_aware.resources import open_client, open_encoder, require_collection
from norm_aware.settings import Settings


class Material(NamedTuple):
    """A corpus, and queries where there are any.

    Attributes:
        corpus: the documents.
        queries: raw embeddings, shape (queries, dimension).
        grades: for each query, the grade of each judged document by its position; empty if unjudged.
        query_ids: names of the queries.
        trained: what the encoder was trained to be scored by; None where it does not say.
    """

    corpus: Corpus
    queries: NDArray[np.float32]
    grades: list[dict[int, float]]
    query_ids: tuple[str, ...]
    trained: Candidate | None


def open_material(
    settings: Settings,
    source: str | None,
    *,
    stored: str | None,
    split: str,
    hold_out: int = 0,
    judged: bool = True,
    spans: int = BANK,
    progress: Progress,
) -> Material:
    """Read and embed what a command was given.

    Args:
        settings: of the encoder, the collection and Qdrant.
        source: a folder in BEIR's layout; None for a collection without queries.
        stored: name of the collection that holds the vectors already; None embeds the folder's documents.
        split: which of several qrels to read.
        hold_out: queries of the seeded sample that are left out, with those that share a relevant document.
        judged: whether judgements are wanted; without them queries may be unjudged.
        spans: pseudo-queries that are cut and embedded; 0 does without.
        progress: told how far it is.

    Raises:
        QueryError: when neither a folder nor a collection was given.
        DatasetError: when the folder is broken, or a judged document is not in the collection.
    """
    if source is None and stored is None:
        raise QueryError("Name a folder in BEIR's layout, --collection, or both.")
    queries, judgements = _queries(source, split, hold_out, settings.seed, judged)
    embedding = open_encoder(settings)
    if stored is not None:
        with open_client(settings) as client:
            require_collection(client, settings.collection)
            corpus = read_corpus(
                client,
                settings.collection,
                embedding,
                pseudo_queries=spans,
                seed=settings.seed,
                progress=progress,
            )
    else:
        documents = read_documents(str(source))
        corpus = embed_corpus(
            [document.id for document in documents],
            [document.content for document in documents],
            embedding,
            pseudo_queries=spans,
            seed=settings.seed,
            progress=progress,
        )
    return Material(
        corpus,
        _embedded(queries, embedding, corpus.dimension, progress),
        _positions(judgements, corpus),
        tuple(query.id for query in queries),
        _trained(embedding),
    )


def _trained(embedding: RawEmbedding) -> Candidate | None:
    if embedding.trained_similarity is None:
        return None
    gamma = recorded_anti_hubness(embedding.model_name.removeprefix(RAW))
    return as_trained(embedding.trained_similarity, gamma=gamma)


def _queries(
    source: str | None, split: str, hold_out: int, seed: int, judged: bool
) -> tuple[list[Query], list[dict[str, int]]]:
    if source is None:
        return [], []
    folder = Path(source)
    path = folder / "queries.jsonl"
    if not path.is_file():
        return [], []
    if not (folder / "qrels.tsv").is_file() and not (folder / "qrels").is_dir():
        return list(read_queries(path)), []
    dataset = read_beir(folder, split=split)
    held = {query.id for query in dataset.sample(hold_out, seed=seed)} if hold_out else set()
    answered = {document for query in held for document in dataset.relevant(query)}
    kept = [
        query
        for query in dataset.queries
        if query.id not in held and not answered.intersection(dataset.relevant(query.id))
    ]
    if not kept:
        raise DatasetError(
            f"{source} has {len(dataset.queries)} judged queries, and with {hold_out} held out none is left "
            "that shares no relevant document with them; hold out fewer."
        )
    return kept, [dict(dataset.qrels[query.id]) for query in kept] if judged else []


def _embedded(
    queries: list[Query], embedding: RawEmbedding, dimension: int, progress: Progress
) -> NDArray[np.float32]:
    if not queries:
        return np.empty((0, dimension), dtype=np.float32)
    progress("Embedding queries", 0, len(queries))
    vectors = embedding.embed_queries([query.text for query in queries])
    progress("Embedding queries", len(queries), len(queries))
    return np.asarray(vectors, dtype=np.float32)


def _positions(judgements: list[dict[str, int]], corpus: Corpus) -> list[dict[int, float]]:
    position = {name: i for i, name in enumerate(corpus.ids)}
    found = []
    for of_query in judgements:
        grades = {}
        for document, grade in of_query.items():
            if (at := position.get(point_id(document))) is None:
                raise DatasetError(
                    f"Document {document!r} is judged and not in the collection; index the same folder first."
                )
            grades[at] = float(grade)
        found.append(grades)
    return found

"""Sets for the evidence: a folder in BEIR's layout, embedded once and kept between runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from norm_aware import RawEmbedding
from norm_aware.benchmark.datasets.beir import read_beir
from norm_aware.benchmark.datasets.corpus import read_documents
from norm_aware.calibration.corpus import Corpus, PseudoQueries
from norm_aware.llamaindex.corpus import embed_corpus
from norm_aware.llamaindex.points import point_id

Matrix = NDArray[np.float32]
Values = NDArray[np.float64]

DISTRACTORS = "corpus_distractors.jsonl"
"""Documents without judgements that make a set harder, where it has them."""

PAIRS = "pairs.jsonl"
"""Sentence pairs with a score, where a set has them."""


class Judged(NamedTuple):
    """One set, embedded by one encoder.

    Attributes:
        corpus: its documents.
        queries: raw embeddings.
        grades: of each query, by position of the document.
        pairs: embeddings of both sides of scored sentence pairs, and their scores.
        apart: queries that share no text with the pairs, neither they nor their relevant documents.
    """

    corpus: Corpus
    queries: Matrix
    grades: list[dict[int, float]]
    pairs: tuple[Matrix, Matrix, Values] | None
    apart: NDArray[np.intp]


def embed(folder: Path, encoder: RawEmbedding, cache: Path | None) -> Judged:
    """Embed a set, or take it from the cache."""
    dataset = read_beir(folder)
    documents = list(dataset.documents)
    if (folder / DISTRACTORS).is_file():
        documents += read_documents(folder / DISTRACTORS)
    position = {document.id: i for i, document in enumerate(documents)}
    ids = [document.id for document in documents]
    scored = read_pairs(folder / PAIRS)
    content = hashlib.blake2b(repr((documents, scored)).encode(), digest_size=8).hexdigest()
    name = f"{folder.name}-{encoder.fingerprint}-{dataset.digest}-{content}.npz"
    kept = cache / name if cache else None
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
    used = {text for left, right, _ in scored for text in (left, right)}
    apart = [
        i
        for i, query in enumerate(dataset.queries)
        if query.text not in used
        and not any(documents[position[d]].text in used for d in dataset.relevant(query.id))
    ]
    return Judged(corpus, arrays[0], grades, pairs, np.array(apart, dtype=np.intp))


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """Scored sentence pairs of the test split."""
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(r["sentence1"], r["sentence2"], float(r["score"])) for r in rows if r["split"] == "test"]

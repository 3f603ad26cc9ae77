"""Corpora with judged queries whose truth is known: what helps there, and what cannot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.corpus import Corpus, PseudoQueries


class World(NamedTuple):
    """Documents, raw query embeddings, and for each query its relevant documents by position."""

    corpus: Corpus
    queries: NDArray[np.float32]
    grades: list[dict[int, float]]


APART = 2.0
"""How far queries stand from documents, in standard deviations of one of the dimensions."""


def noise(
    seed: int, *, documents: int = 60, queries: int = 40, dimension: int = 8, apart: float = APART
) -> World:
    """Random embeddings and random judgements: nothing can help."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(documents, dimension)) * generator.lognormal(0, 0.5, size=(documents, 1))
    corpus = Corpus(rows, lengths=generator.integers(5, 500, size=documents))
    asked = generator.normal(size=(queries, dimension)).astype(np.float32)
    asked[:, 0] += apart
    return World(corpus, asked, [{int(d): 1.0} for d in generator.integers(documents, size=queries)])


def loud_directions(seed: int, *, documents: int = 100, queries: int = 50, dimension: int = 8) -> World:
    """Three further dimensions that say nothing and vary most: whitening helps, the norm does not.

    Spans of the documents behave as queries do.
    """
    generator = np.random.default_rng(seed)
    meaning = generator.normal(size=(documents, dimension))

    def embed(of: NDArray[np.float64]) -> NDArray[np.float32]:
        loud = generator.normal(1.0, 4.0, size=(len(of), 3))
        return np.concatenate([of, loud], axis=1).astype(np.float32)

    sources = generator.integers(documents, size=queries)
    spans = generator.integers(documents, size=3 * documents)
    asked = embed(meaning[sources] + generator.normal(0, 0.5, size=(queries, dimension)))
    cut = embed(meaning[spans] + generator.normal(0, 0.5, size=(len(spans), dimension)))
    corpus = Corpus(
        embed(meaning),
        lengths=generator.integers(5, 500, size=documents),
        pseudo_queries=PseudoQueries(cut, tuple(map(str, spans))),
    )
    return World(corpus, asked, [{int(d): 1.0} for d in sources])


def telling_norms(
    seed: int,
    *,
    documents: int = 100,
    queries: int = 60,
    dimension: int = 8,
    power: float = 0.5,
    apart: float = APART,
) -> World:
    """A query's relevant documents are the best by cosine times the norm's power; lengths say nothing."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(documents, dimension))
    rows *= generator.lognormal(0, 1, size=(documents, 1)) / np.linalg.norm(rows, axis=1, keepdims=True)
    asked = generator.normal(size=(queries, dimension)).astype(np.float32)
    asked[:, 0] += apart
    norms = np.linalg.norm(rows, axis=1)
    scores = asked @ rows.T * norms ** (power - 1)
    corpus = Corpus(rows, lengths=generator.integers(5, 500, size=documents))
    return World(corpus, asked, [{int(d): 1.0 for d in np.argsort(-row)[:3]} for row in scores])

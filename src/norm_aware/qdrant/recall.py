"""How much a search of a collection loses, and to what: the graph index, the candidates, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity, Similarity
from norm_aware.qdrant.calls import Steps
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.search import search

_SHOWN = 10
_SAME = 1e-5  # part of a score by which float32 sums of the same numbers differ


@dataclass(frozen=True, slots=True)
class Recall:
    """Means over queries, at one depth.

    Attributes:
        k: the depth.
        index: part of the exact top k by the stored vectors' inner product that the engine's index finds:
            what is missing was lost by approximate search alone.
        search: part of the exact top k by the similarity that a search finds, index and candidates together.
        cosine: part of the exact top k by the similarity that is in cosine's too: what the similarity changes
            of the answer, whatever the index does.
        dot: the same of dot's.
    """

    k: int
    index: float
    search: float
    cosine: float
    dot: float

    @property
    def good(self) -> float:
        """What is good enough: .99 for what a reader is shown, .95 for a pool that is reranked."""
        return 0.99 if self.k <= _SHOWN else 0.95


def check_recall(
    collection: str,
    queries: NDArray[np.float32],
    *,
    contract: Contract,
    options: SearchOptions,
    depths: Sequence[int] = (10, 100),
    local: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Steps[list[Recall]]:
    """Compare a collection's searches with exact ones.

    Args:
        collection: its name.
        queries: as the collection is searched with, shape (queries, dimension); raw, or a calibration's.
        contract: the collection's.
        options: the similarity, and how it is searched for.
        depths: numbers of hits.
        local: whether the engine is qdrant-client's local mode, which loses nothing.
        progress: told queries done and queries in all.

    Returns:
        Steps that end in a `Recall` for each depth; a document tied with the last of a top k counts as in it.

    Raises:
        MissingNormError: when a point has no norm.
    """
    plain = replace(options, similarity=PowerSimilarity(document_power=contract.stored_power), offset=False)
    wanted = parse_similarity(options.similarity)
    parts = np.zeros((len(depths), 4))
    for done, query in enumerate(queries):
        for row, k in enumerate(depths):

            def scores(asked: SearchOptions, *, exact: bool, k: int = k) -> Steps[dict[str, float]]:
                found = yield from search(
                    collection,
                    query,  # noqa: B023  # used before the next
                    limit=k,
                    contract=contract,
                    options=replace(asked, exact=exact, candidates=None if exact else asked.candidates),
                    local=local,
                )
                return {str(hit.point.id): hit.score for hit in found.hits}

            best_plain = yield from scores(plain, exact=True)
            found_plain = yield from scores(plain, exact=False)
            best = yield from scores(options, exact=True)
            found = yield from scores(options, exact=False)
            others = []
            for other in (COSINE, DOT):
                own = wanted == other and not options.offset
                others.append(best if own else (yield from scores(_by(options, other), exact=True)))
            parts[row] += [
                _held(found_plain, best_plain),
                _held(found, best),
                *(len(best.keys() & other.keys()) / max(1, len(best)) for other in others),
            ]
        progress(done + 1, len(queries))
    means = parts / max(1, len(queries))
    return [Recall(k, *(float(part) for part in row)) for k, row in zip(depths, means, strict=True)]


def _by(options: SearchOptions, similarity: Similarity) -> SearchOptions:
    return replace(options, similarity=similarity, offset=False)


def _held(found: dict[str, float], best: dict[str, float]) -> float:
    """Part of the best that was found, by score: documents of equal score stand for each other."""
    if not best:
        return 1.0
    least = min(best.values())
    return sum(score >= least - _SAME * abs(least) for score in found.values()) / len(best)

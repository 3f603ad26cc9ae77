"""nDCG@10 of many scorings of the same queries, fast: only the ranks of relevant documents are found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.judgements import Judgements

DEPTH = 10
"""Ranks that count."""

_MANY = 12  # relevant documents a query from which on sorting is cheaper than counting


class NDCG:
    """nDCG@10 (Järvelin & Kekäläinen 2002) with linear gains, as trec_eval computes it.

    A relevant document's rank is one more than the number of documents that score higher, and of those
    that score the same and stand before it: ties are broken by position, the same for every scoring.

    Args:
        judgements: of all queries.
    """

    def __init__(self, judgements: Judgements) -> None:
        self._judged = judgements
        self._starts = np.searchsorted(judgements.query, np.arange(judgements.queries + 1))
        discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
        self._discounts = discounts
        self._ideal = np.empty(judgements.queries)
        for query in range(judgements.queries):
            best = np.sort(judgements.grade[self._starts[query] : self._starts[query + 1]])[::-1][:DEPTH]
            self._ideal[query] = best @ discounts[: len(best)]

    def values(self, scores: NDArray[np.float32], first: int = 0) -> NDArray[np.float64]:
        """nDCG@10 of consecutive queries.

        Args:
            scores: shape (queries, documents).
            first: number of the query that the first row belongs to.

        Returns:
            Shape (queries,).
        """
        low, high = self._starts[first], self._starts[first + len(scores)]
        if high - low > _MANY * len(scores):
            return self._by_sorting(scores, first)
        row = self._judged.query[low:high] - first
        document = self._judged.document[low:high]
        relevant = scores[row, document]
        gains = np.zeros(high - low)
        for i, (r, d, score) in enumerate(zip(row, document, relevant, strict=True)):
            of_query = scores[r]
            rank = np.count_nonzero(of_query > score)
            if rank < DEPTH:
                rank += np.count_nonzero(of_query[:d] == score)
                if rank < DEPTH:
                    gains[i] = self._judged.grade[low + i] * self._discounts[rank]
        total = np.bincount(row, weights=gains, minlength=len(scores))
        return np.asarray(total / self._ideal[first : first + len(scores)])

    def _by_sorting(self, scores: NDArray[np.float32], first: int) -> NDArray[np.float64]:
        values = np.empty(len(scores))
        depth = min(DEPTH, scores.shape[1])
        grades = np.zeros(scores.shape[1])
        for row, of_query in enumerate(scores):
            low, high = self._starts[first + row], self._starts[first + row + 1]
            grades[self._judged.document[low:high]] = self._judged.grade[low:high]
            last = np.partition(of_query, len(of_query) - depth)[len(of_query) - depth]
            near = np.flatnonzero(of_query >= last)  # ascending, so that a stable sort breaks ties by it
            top = near[np.argsort(-of_query[near], kind="stable")[:depth]]
            values[row] = grades[top] @ self._discounts[:depth] / self._ideal[first + row]
            grades[self._judged.document[low:high]] = 0
        return values

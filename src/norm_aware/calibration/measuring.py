"""nDCG@10 of many candidates, fitted on some queries and tested on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.candidates import Candidate, TransformChoice
from norm_aware.calibration.corpus import Corpus
from norm_aware.calibration.fitting import Fitter
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.ranking import NDCG
from norm_aware.geometry.norms import norms
from norm_aware.numeric.hub_bias import CSLS_NEAREST, hub_bias
from norm_aware.numeric.hubness_norm import hubness_norm
from norm_aware.numeric.nearest import mean_nearest
from norm_aware.numeric.transform import Transform

_BLOCK = 1 << 21  # scores held at once
_KEPT = 1 << 30  # bytes of transformed documents kept for the next candidate

Positions = NDArray[np.intp]


class Split(NamedTuple):
    """Queries to fit on and queries to test on, by position."""

    fit: Positions
    test: Positions


class Measurer:
    """Measures candidates on one corpus and one set of judged queries.

    Args:
        corpus: the documents.
        queries: raw query embeddings, shape (queries, dimension).
        judgements: of these queries.
        seed: of every random choice.
        progress: called after each transform with how many were measured and how many there are.
    """

    def __init__(
        self,
        corpus: Corpus,
        queries: NDArray[np.float32],
        judgements: Judgements,
        *,
        seed: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._corpus = corpus
        self._queries = queries
        self._judgements = judgements
        self._fitter = Fitter(corpus, seed)
        self._progress = progress
        shuffled = np.random.default_rng(seed).permutation(corpus.norms)
        lengths = np.ones(len(corpus)) if corpus.lengths is None else np.maximum(corpus.lengths, 1.0)
        self._nearest: dict[tuple[TransformChoice, bytes], NDArray[np.float64]] = {}
        self._kept: dict[tuple[TransformChoice, bytes], NDArray[np.float32]] = {}
        self._norms = {"norm": corpus.norms, "length": lengths, "shuffled": shuffled}

    def measure(self, candidates: Sequence[Candidate], splits: Iterable[Split]) -> NDArray[np.float64]:
        """nDCG@10 of each candidate on each query that is tested on.

        Args:
            candidates: what to measure; those of one transform should stand together.
            splits: disjoint in what they test on. Query means, pair whitening, fitted similarities and the
                bank of the hub bias come from the queries to fit on alone.

        Returns:
            Shape (candidates, queries); NaN for queries that no split tests on.
        """
        splits = list(splits)
        values = np.full((len(candidates), len(self._queries)), np.nan)
        order = sorted(range(len(candidates)), key=lambda i: str(candidates[i].transform))
        groups = [list(g) for _, g in groupby(order, key=lambda i: candidates[i].transform)]
        for done, rows in enumerate(groups):
            self._progress(done, len(groups))
            self._one_transform([candidates[i] for i in rows], np.array(rows), splits, values)
        self._progress(len(groups), len(groups))
        return values

    def _one_transform(
        self,
        candidates: Sequence[Candidate],
        rows: NDArray[np.intp],
        splits: Sequence[Split],
        values: NDArray[np.float64],
    ) -> None:
        choice = candidates[0].transform
        gammas = any(candidate.gamma for candidate in candidates)
        hubness = self._fitter.hubness(choice) if gammas else None
        for split in splits:
            judged = self._judgements.take(split.fit)
            fitted = self._queries[split.fit]
            transform = self._fitter.transform(choice, fitted, judged)
            mapped = self._mapped(choice, transform, split.fit)
            nearest = None
            if any(candidate.weight for candidate in candidates):
                key = (choice, split.fit.tobytes())
                if key not in self._nearest:
                    self._nearest[key] = mean_nearest(mapped, transform.queries(fitted), k=CSLS_NEAREST)
                nearest = self._nearest[key]
            terms = [
                self._terms(candidate, transform, fitted, judged, hubness, nearest, split.test)
                for candidate in candidates
            ]
            values[np.ix_(rows, split.test)] = self._values(transform, mapped, split.test, terms)

    def _mapped(self, choice: TransformChoice, transform: Transform, fit: Positions) -> NDArray[np.float32]:
        """Documents after a transform; the last few are kept, as far as they are not large.

        Only judgements of the queries fitted on can change them: their mean is the query side's.
        """
        key = (choice, fit.tobytes() if choice.is_judged else b"")
        mapped = self._kept.pop(key, None)
        if mapped is None:
            mapped = transform.documents(self._corpus.embeddings)
        self._kept[key] = mapped
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > _KEPT:
            self._kept.pop(next(iter(self._kept)))
        return mapped

    def _terms(
        self,
        candidate: Candidate,
        transform: Transform,
        queries: NDArray[np.float32],
        judgements: Judgements,
        hubness: NDArray[np.float64] | None,
        nearest: NDArray[np.float64] | None,
        test: Positions,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]:
        similarity = self._fitter.similarity(candidate, transform, queries, judgements)
        slope, offset = similarity.document_terms(self._norms[candidate.norm])
        if candidate.weight and nearest is not None:
            offset = offset + slope * hub_bias(nearest, weight=candidate.weight)
        if candidate.gamma and hubness is not None:
            length = hubness_norm(hubness, gamma=candidate.gamma)
            slope, offset = slope * length, offset * length
        factor = similarity.query_factor(norms(self._queries[test]))
        return (
            slope.astype(np.float32),
            offset.astype(np.float32),
            None if (factor == 1).all() else factor.astype(np.float32)[:, None],
        )

    def _values(
        self,
        transform: Transform,
        documents: NDArray[np.float32],
        test: Positions,
        terms: Sequence[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]],
    ) -> NDArray[np.float64]:
        ndcg = NDCG(self._judgements.take(test))
        queries = transform.queries(self._queries[test])
        values = np.empty((len(terms), len(test)))
        size = max(1, _BLOCK // len(documents))
        scores = np.empty((min(size, len(test)), len(documents)), dtype=np.float32)
        for start in range(0, len(test), size):
            cosines = queries[start : start + size] @ documents.T
            block = scores[: len(cosines)]
            for row, (slope, offset, factor) in enumerate(terms):
                np.multiply(cosines, slope, out=block)
                if factor is not None:
                    block *= factor[start : start + size]
                if offset.any():
                    block += offset
                values[row, start : start + size] = ndcg.values(block, start)
        return values

"""Chooses among candidates inside training folds and scores the choice on the fold left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.candidates import BASELINE, Candidate, Candidates
from norm_aware.calibration.measuring import Measurer, Split
from norm_aware.numeric.significance import standard_error

Values = NDArray[np.float64]

CAUTION = 1.0
"""Standard errors of its gain that a candidate must give up before it is compared."""

_PROOF = 1.96  # standard errors of a mean gain whose 95% interval ends at 0


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a procedure of choosing scores on queries that it did not see.

    Attributes:
        chosen: the candidate chosen with each fold left out.
        values: nDCG@10 of every query, each by the choice that did not see it, shape (queries,).
    """

    chosen: tuple[Candidate, ...]
    values: Values


class CrossFit:
    """Values of candidates on queries, each fitted without the queries it is then judged by.

    Candidates that judgements do not enter are fitted with one fold left out. The others are fitted with
    each pair of folds left out: to choose for one of the two, the other's values can then be used without
    the judgements of either.

    Args:
        measurer: of the corpus and the queries.
        candidates: what is chosen from, the baseline among them.
        folds: of each query.
        asked: queries that the choice looks at, by position; None looks at all. Fits use all either way.
        groups: of each query, for the guard's errors; None takes queries as independent.
    """

    def __init__(
        self,
        measurer: Measurer,
        candidates: Candidates,
        folds: NDArray[np.intp],
        *,
        asked: NDArray[np.intp] | None = None,
        groups: NDArray[np.intp] | None = None,
    ) -> None:
        self._folds = folds
        self._groups = np.arange(len(folds)) if groups is None else groups
        self._count = int(folds.max()) + 1
        self._asked = np.ones(len(folds), dtype=bool)
        if asked is not None:
            self._asked[:] = False
            self._asked[asked] = True
        free = tuple(c for c in candidates if not c.is_judged)
        judged = tuple(c for c in candidates if c.is_judged)
        self._row = {candidate: row for row, candidate in enumerate((*free, *judged))}
        self._free = measurer.measure(free, [self._split(fold) for fold in range(self._count)])
        self._judged: dict[tuple[int, int], Values] = {
            pair: measurer.measure(judged, [self._split(*pair)])
            for pair in (combinations(range(self._count), 2) if judged else ())
        }
        self._known: dict[int | None, Values] = {}

    def choose(
        self, candidates: Sequence[Candidate], *, without: int | None = None, unseen: int | None = None
    ) -> Candidate:
        """The candidate whose mean gain over the baseline, less its standard error, is largest.

        Args:
            candidates: some of those measured, the first of which wins ties.
            without: a fold whose judgements must not count; None chooses on all queries.
            unseen: a further fold whose values must not count.
        """
        used = np.flatnonzero(self._asked & (self._folds != without) & (self._folds != unseen))
        rows = np.array([self._row[candidate] for candidate in candidates])
        gains = self._gains(without)[np.ix_(rows, used)]
        spread = gains.std(axis=1, ddof=1) if len(used) > 1 else np.zeros(len(gains))
        bounds = gains.mean(axis=1) - CAUTION * spread / np.sqrt(len(used))
        return candidates[int(np.flatnonzero(bounds >= bounds.max() - 1e-12)[0])]

    def held_out(self, candidates: Sequence[Candidate], measurer: Measurer) -> HeldOut:
        """Choose with each fold left out, fit the choice on the other folds, and score it on that fold.

        Args:
            candidates: some of those measured.
            measurer: of the corpus to score on, which may be larger than the one chosen on.
        """
        chosen = tuple(self.choose(candidates, without=fold) for fold in range(self._count))
        return HeldOut(chosen, self.test(chosen, measurer))

    def guard(self, found: HeldOut, candidates: Sequence[Candidate], baseline: Values) -> HeldOut:
        """The same, keeping the baseline for a fold unless the other folds prove a gain among themselves.

        A whole calibration does so with all folds, so this is what it scores on queries it did not see.
        """
        proved = [self._is_proved(candidates, without=fold) for fold in range(self._count)]
        chosen = tuple(c if ok else BASELINE for c, ok in zip(found.chosen, proved, strict=True))
        return HeldOut(chosen, np.where(np.array(proved)[self._folds], found.values, baseline))

    def test(self, chosen: Sequence[Candidate], measurer: Measurer) -> Values:
        """Score a candidate for each fold on it, fitted on the others, shape (queries,)."""
        values = np.empty(len(self._folds))
        for candidate in dict.fromkeys(chosen):
            splits = [
                Split(np.flatnonzero(self._folds != fold), np.flatnonzero(self._folds == fold))
                for fold, of_fold in enumerate(chosen)
                if of_fold == candidate
            ]
            tested = np.concatenate([split.test for split in splits])
            values[tested] = measurer.measure([candidate], splits)[0][tested]
        return values

    def _is_proved(self, candidates: Sequence[Candidate], *, without: int) -> bool:
        """Whether choosing on all but two folds gains, on the second, more than chance over the baseline.

        The fits behind these choices have seen the second fold, never the one left out for good.
        """
        known = self._gains(without)
        gain = np.full(len(self._folds), np.nan)
        for fold in set(range(self._count)) - {without}:
            choice = self.choose(candidates, without=without, unseen=fold)
            here = self._asked & (self._folds == fold)
            gain[here] = known[self._row[choice]][here]
        looked = np.isfinite(gain)
        error = standard_error(gain[looked], groups=self._groups[looked])
        return bool(gain[looked].mean() > _PROOF * error)

    def _gains(self, without: int | None) -> Values:
        """Gains over the baseline, shape (candidates, queries); NaN where they must not be looked at."""
        if without not in self._known:
            judged = np.full((len(self._row) - len(self._free), len(self._folds)), np.nan)
            if without is None and self._judged:
                # a query was left out with each of the other folds; all of these fits speak for it
                stacked = np.stack(list(self._judged.values()))
                judged[:, self._asked] = np.nanmean(stacked[:, :, self._asked], axis=0)
            for pair, found in self._judged.items():
                if without in pair:
                    other = self._folds == pair[pair[0] == without]
                    judged[:, other] = found[:, other]
            values = np.concatenate([self._free, judged])
            self._known[without] = values - self._free[self._row[BASELINE]]
        return self._known[without]

    def _split(self, *left_out: int) -> Split:
        """All queries of the other folds to fit on; of these folds, those that the choice looks at."""
        out = np.isin(self._folds, left_out)
        return Split(np.flatnonzero(~out), np.flatnonzero(out & self._asked))

"""From a candidate to numbers: fits its transform and similarity on some queries and their judgements."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.candidates import Candidate, TransformChoice
from norm_aware.calibration.corpus import Corpus
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.calibration.judgements import Judgements
from norm_aware.calibration.logistic import fit_logistic
from norm_aware.errors import CalibrationError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.hubness_norm import NEAREST
from norm_aware.numeric.moments import Moments, matrix_power
from norm_aware.numeric.nearest import mean_nearest
from norm_aware.numeric.similarity import Similarity
from norm_aware.numeric.transform import Transform
from norm_aware.numeric.whitening import SHRINKAGE, fit_pair_whitening

_NEGATIVES = 30  # documents a query that the logistic scorer is taught are not relevant


@dataclass(frozen=True, eq=False)
class Fitter:
    """Fits candidates on one corpus; what depends on the documents alone is fitted once.

    Args:
        corpus: the documents.
        seed: of every random choice.
    """

    corpus: Corpus
    seed: int = 0
    _moments: Moments = field(init=False)
    _hubness: dict[float | None, NDArray[np.float64]] = field(init=False, default_factory=dict)
    _powers: dict[float, NDArray[np.float64]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_moments", Moments.of(self.corpus.embeddings, seed=self.seed))

    def transform(
        self, choice: TransformChoice, queries: NDArray[np.float32], judgements: Judgements | None
    ) -> Transform:
        """The transform that a choice stands for.

        Args:
            choice: which.
            queries: raw embeddings of queries, shape (queries, dimension): their mean is the query side's.
            judgements: of these queries; only pair whitening looks at them.
        """
        if choice.power is None:
            return Transform.identity(self.corpus.dimension)
        side = queries if len(queries) else self.corpus.pseudo_queries.embeddings
        transform = Transform(
            Moments.of(side, seed=self.seed).mean, self._moments.mean, self._power(choice.power)
        )
        if not choice.is_judged or judgements is None:
            return transform
        return fit_pair_whitening(
            transform,
            queries[judgements.query],
            self.corpus.embeddings[judgements.document],
            power=choice.pair_power,
            weights=judgements.weights(),
        )

    def similarity(
        self,
        candidate: Candidate,
        transform: Transform,
        queries: NDArray[np.float32],
        judgements: Judgements | None,
    ) -> Similarity:
        """The similarity of a candidate; the logistic scorer is fitted on the queries given.

        It learns from every relevant pair and from random other documents of the same queries.
        """
        if candidate.similarity is not None:
            return candidate.similarity
        if judgements is None:
            raise CalibrationError("The logistic scorer is fitted on judged queries; there are none.")
        lengths = norms(queries)
        generator = np.random.default_rng(self.seed)
        other = generator.integers(len(self.corpus), size=len(queries) * _NEGATIVES)
        asked = np.repeat(np.arange(len(queries)), _NEGATIVES)
        judged = set(zip(judgements.query.tolist(), judgements.document.tolist(), strict=True))
        known = np.array(
            [pair in judged for pair in zip(asked.tolist(), other.tolist(), strict=True)], dtype=bool
        )
        query = np.concatenate([judgements.query, asked[~known]])
        document = np.concatenate([judgements.document, other[~known]])
        mapped = transform.queries(queries)[query]
        cosine = np.einsum("ij,ij->i", mapped, transform.documents(self.corpus.embeddings[document]))
        return fit_logistic(
            cosine,
            lengths[query],
            self.corpus.norms[document],
            relevant=np.arange(len(query)) < len(judgements.query),
            weights=np.concatenate([judgements.weights(), np.full((~known).sum(), 1 / _NEGATIVES)]),
        )

    def calibration(
        self, candidate: Candidate, queries: NDArray[np.float32], judgements: Judgements | None
    ) -> Calibration:
        """The calibration that a candidate stands for, fitted on the queries given.

        Args:
            candidate: what was chosen.
            queries: raw embeddings; may be none where the candidate needs none.
            judgements: of these queries, where there are any.
        """
        transform = self.transform(candidate.transform, queries, judgements)
        given = None
        if candidate.gamma:
            given = AntiHubness(
                self.hubness_space(candidate.transform), self.corpus.pseudo_queries, candidate.gamma
            )
        return Calibration(
            *self.corpus.encoder,
            transform,
            self.similarity(candidate, transform, queries, judgements),
            given,
            HubBias(queries, candidate.weight) if candidate.weight else None,
        )

    def hubness_space(self, choice: TransformChoice) -> Transform:
        """The transform that hubness is measured in, which the corpus alone decides.

        It is before pair whitening, which changes hubness little, with pseudo-queries around their own mean.
        """
        pseudo = self.corpus.pseudo_queries
        if choice.power is None:
            return Transform.identity(self.corpus.dimension)
        mean = self._moments.mean
        if pseudo.side == "query" and pseudo.embeddings.any():
            mean = Moments.of(pseudo.embeddings, seed=self.seed).mean
        return Transform(mean, self._moments.mean, self._power(choice.power))

    def hubness(self, choice: TransformChoice) -> NDArray[np.float64]:
        """Mean similarity of every document to its nearest pseudo-queries, shape (documents,)."""
        key = choice.power
        if key not in self._hubness:
            space = self.hubness_space(choice)
            self._hubness[key] = mean_nearest(
                space.documents(self.corpus.embeddings),
                space.queries(self.corpus.pseudo_queries.embeddings),
                k=NEAREST,
                own=self.corpus.own,
            )
        return self._hubness[key]

    def _power(self, power: float) -> NDArray[np.float64]:
        if power not in self._powers:
            self._powers[power] = (
                np.eye(self.corpus.dimension)
                if power == 0
                else matrix_power(self._moments.covariance, power, shrinkage=SHRINKAGE)
            )
        return self._powers[power]

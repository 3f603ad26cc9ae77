"""What a trained encoder is worth on judged sets: nDCG@10 under every scoring, and what its norms say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from norm_aware.ablation.scorings import RAW
from norm_aware.calibration.corpus import BANK
from norm_aware.geometry.correlation import pearson
from norm_aware.numeric.effect_size import cohens_d
from norm_aware.numeric.hubness_norm import hubness_norm
from norm_aware.numeric.similarity import DOT, PowerSimilarity
from norm_aware.training.evaluation import Embedded, JudgedTexts, embed_set
from norm_aware.training.given_norm import count_words, measure_hubness

GAMMAS = (0.0, 0.1, 0.2, 0.3, 0.4)
"""Exponents of the anti-hubness norm between which the in-domain sets decide."""

LENGTH_POWERS = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)
"""Exponents of the text's length between which the in-domain sets decide."""

_SPREAD = 1e-5  # of the mean norm: below it norms are all one, but for rounding


@dataclass(frozen=True, slots=True)
class GivenNorms:
    """Exponents of the norms that are given in place of the encoder's.

    Attributes:
        gamma: of the anti-hubness norm.
        length_power: of the text's length in words.
    """

    gamma: float
    length_power: float


@dataclass(frozen=True, eq=False)
class SetView:
    """A judged set as one encoder embeds it, with what its documents' norms are compared with.

    Attributes:
        name: of the set.
        embedded: raw embeddings and judgements.
        hubness: of every document.
        words: length of every document.
    """

    name: str
    embedded: Embedded
    hubness: NDArray[np.float64]
    words: NDArray[np.float64]

    @classmethod
    def of(cls, model: SentenceTransformer, judged: JudgedTexts, *, spans: int = BANK) -> SetView:
        """Embed a set, and so many spans of it."""
        embedded = embed_set(model, judged)
        hubness = measure_hubness(model, judged, embedded, spans=spans)
        return cls(judged.name, embedded, hubness, count_words(judged))

    def ndcg(self, given: GivenNorms, *, seed: int = 0) -> dict[str, NDArray[np.float64]]:
        """nDCG@10 of every query under every scoring.

        Args:
            given: exponents of the norms in place of the encoder's.
            seed: of the controls, whose norms are dealt to other documents.
        """
        order = np.random.default_rng(seed).permutation(len(self.words))
        lengths = hubness_norm(self.hubness, gamma=given.gamma)
        values = {name: self.embedded.ndcg(name) for name in RAW}
        replaced = {
            "anti_hubness": (lengths, given.gamma),
            "length": (self.words**given.length_power, given.length_power),
            "dot, shuffled": (_norms(self.embedded.documents)[order], 1.0),
            "anti_hubness, shuffled": (lengths[order], given.gamma),
        }
        # lengths of 1 are cosine, and to the bit: rounding would make differences of nothing
        return values | {
            name: self.with_norms(of) if exponent else values["cosine"]
            for name, (of, exponent) in replaced.items()
        }

    def own(self, similarity: PowerSimilarity, gamma: float = 0.0) -> NDArray[np.float64]:
        """nDCG@10 by what the encoder was trained by: a similarity, times an anti-hubness norm if any."""
        power = similarity.document_power  # the query's changes no ranking
        given = hubness_norm(self.hubness, gamma=gamma) if gamma else None
        return self.embedded.ndcg(DOT if power == 1 else PowerSimilarity(document_power=power), lengths=given)

    def with_norms(self, norms: NDArray[np.float64]) -> NDArray[np.float64]:
        """nDCG@10 of every query by dot, with documents of these norms."""
        return self.embedded.ndcg("cosine", lengths=norms)

    def norms(self) -> dict[str, float | None]:
        """What the encoder's norms say; None where a figure has no meaning.

        Returns:
            `cohens_d` of the norms of relevant documents against the others', `hubness_d` of anti-hubness
            norms likewise, coefficients of variation `document_cv` and `query_cv`, and
            `length_correlation`, Pearson's, of norm and words.
        """
        documents = _norms(self.embedded.documents)
        queries = _norms(self.embedded.queries)
        relevant = np.zeros(len(documents), dtype=bool)
        relevant[self.embedded.judgements.document] = True
        given = hubness_norm(self.hubness, gamma=GAMMAS[-1])
        varies = documents.std() > _SPREAD * documents.mean()
        return {
            "cohens_d": _d(documents, relevant) if varies else None,
            "hubness_d": _d(given, relevant),
            "document_cv": float(documents.std() / documents.mean()),
            "query_cv": float(queries.std() / queries.mean()),
            "length_correlation": pearson(documents, self.words, of=("norms", "lengths"))
            if varies and self.words.std() > 0
            else None,
        }


def choose_given(views: Sequence[SetView]) -> GivenNorms:
    """The exponents that serve best in domain, by cosine times the given norm, on the mean of the sets.

    Args:
        views: the in-domain sets.
    """

    def best(options: Sequence[float], norms: Mapping[float, Sequence[NDArray[np.float64]]]) -> float:
        means = [
            np.mean([view.with_norms(of).mean() for view, of in zip(views, norms[option], strict=True)])
            for option in options
        ]
        return options[int(np.argmax(means))]

    gammas = {gamma: [hubness_norm(view.hubness, gamma=gamma) for view in views] for gamma in GAMMAS}
    powers = {power: [view.words**power for view in views] for power in LENGTH_POWERS}
    return GivenNorms(best(GAMMAS, gammas), best(LENGTH_POWERS, powers))


def _norms(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(embeddings, axis=1), dtype=np.float64)


def _d(norms: NDArray[np.float64], relevant: NDArray[np.bool_]) -> float | None:
    if min(relevant.sum(), (~relevant).sum()) < 2:
        return None
    d = cohens_d(norms[relevant], norms[~relevant])
    return float(d) if np.isfinite(d) else None

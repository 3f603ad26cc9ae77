"""What calibration chooses from: transforms, similarities and per-document terms, and the arms to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.evidence import AS_TRAINED, LENGTH, WHITENING
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity, Similarity

POWERS = (-0.125, -0.25, -0.375, -0.5)
"""Powers of whitening that are tried."""

PAIR_POWERS = ((-0.125, -0.25), (-0.25, -0.25), (-0.25, -0.5), (-0.375, -0.25))
"""Powers of whitening, and of pair whitening after it, that are tried."""

DOCUMENT_POWERS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""Powers of the raw norm that are tried, and in their place of the text's length."""

GAMMAS = (0.0, 0.15, 0.3)
"""Exponents of the anti-hubness norm that are tried."""

WEIGHTS = (0.0, 0.25, 0.5)
"""Weights of the hub bias that are tried."""

ALPHAS = (0.99, 0.95)
"""Weights of the cosine in scaled similarity; in standard deviations, norms soon outweigh cosines."""

SLOPES = (-0.25, 0.25)
"""Slopes of the radial weight."""


@dataclass(frozen=True, slots=True)
class TransformChoice:
    """Which transform, before it is fitted.

    Attributes:
        power: of whitening; None leaves directions as they are, 0 only centres them.
        pair_power: of whitening by judged pairs after it; 0 does without.
    """

    power: float | None = None
    pair_power: float = 0.0

    @property
    def is_judged(self) -> bool:
        """Whether judgements enter the fit."""
        return self.pair_power != 0

    def __str__(self) -> str:
        if self.power is None:
            return "as embedded"
        words = "centred" if self.power == 0 else f"whitened {self.power:g}"
        return f"{words}, pairs {self.pair_power:g}" if self.is_judged else words


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to score, before it is fitted.

    Attributes:
        transform: of directions.
        similarity: of the transform's cosine and the raw norms; None for the logistic scorer, which is
            fitted on judged queries.
        gamma: exponent of the anti-hubness norm.
        weight: of the hub bias.
        norm: what stands for the document's norm; text length and shuffled norms are controls.
    """

    transform: TransformChoice = TransformChoice()
    similarity: Similarity | None = COSINE
    gamma: float = 0.0
    weight: float = 0.0
    norm: Literal["norm", "length", "shuffled"] = "norm"

    @property
    def is_judged(self) -> bool:
        """Whether judgements enter the fit."""
        return self.transform.is_judged or self.similarity is None

    @property
    def uses_norm(self) -> bool:
        """Whether the raw norm, or what stands for it, can change a ranking."""
        return not (isinstance(self.similarity, PowerSimilarity) and self.similarity.document_power == 0)

    @property
    def is_cosine(self) -> bool:
        """Whether this is the baseline."""
        return self == Candidate()

    def __str__(self) -> str:
        words = [str(self.transform)]
        if self.uses_norm:
            words.append("logistic scorer" if self.similarity is None else self._norm_words(self.similarity))
        if self.gamma:
            words.append(f"anti-hubness norm {self.gamma:g}")
        if self.weight:
            words.append(f"hub bias {self.weight:g}")
        return "cosine" if self.is_cosine else ", ".join(words)

    def _norm_words(self, similarity: Similarity) -> str:
        if isinstance(similarity, PowerSimilarity):
            return f"{self.norm}**{similarity.document_power:g}"
        kind, _, numbers = similarity.name.partition(" ")
        return f"{kind} similarity ({numbers.split()[0]})" if numbers else f"{kind} similarity"


Candidates: TypeAlias = tuple[Candidate, ...]

BASELINE = Candidate()
"""Plain cosine."""


def as_trained(similarity: str | Similarity, *, gamma: float | None = None) -> Candidate:
    """What an encoder was trained to be scored by, as its `norm_aware.json` says.

    Args:
        similarity: it was trained by, or its name.
        gamma: exponent of the anti-hubness norm it was trained with, if it was.

    Example:
        >>> str(as_trained("query_normalized", gamma=0.25))
        'as embedded, norm**1, anti-hubness norm 0.25'
    """
    parsed = parse_similarity(similarity)
    if isinstance(parsed, PowerSimilarity):  # the query's norm ranks nothing
        parsed = PowerSimilarity(document_power=parsed.document_power)
    return Candidate(similarity=parsed, gamma=gamma or 0.0)


def search_space(
    *,
    query_norms: NDArray[np.float64],
    document_norms: NDArray[np.float64],
    trained: Candidate | None = None,
) -> Candidates:
    """Every candidate for calibration, plain cosine first.

    Args:
        query_norms: lengths of raw query embeddings, for the similarities that count norms in standard
            deviations.
        document_norms: lengths of raw document embeddings.
        trained: what the encoder was trained to be scored by (`as_trained`); tried under every transform.
    """
    choices = [TransformChoice(), TransformChoice(0.0), *map(TransformChoice, POWERS)]
    choices += [TransformChoice(power, pairs) for power, pairs in PAIR_POWERS]
    powers = [PowerSimilarity(document_power=power) for power in DOCUMENT_POWERS]
    grid = [
        Candidate(choice, power, gamma, weight)
        for choice in choices
        for power in powers
        for gamma in GAMMAS
        for weight in WEIGHTS
    ]
    literature: list[Similarity | None] = [
        None,
        EuclideanSimilarity(),
        *(ScaledSimilarity.fit(alpha, query_norms, document_norms) for alpha in ALPHAS),
        *(RadialSimilarity.fit(slope, document_norms) for slope in SLOPES),
    ]
    others = [
        Candidate(choice, similarity, gamma)
        for choice in (TransformChoice(), TransformChoice(-0.25))
        for similarity in literature
        for gamma in (0.0, 0.3)
    ]
    if trained is not None:
        others += [replace(trained, transform=c, weight=weight) for c in choices for weight in WEIGHTS]
    return tuple(dict.fromkeys([BASELINE, *grid, *others]))


def control_arms(trained: Candidate | None = None) -> Mapping[str, Candidates]:
    """What the table shows beside calibration: each idea alone, and what must not be mistaken for it.

    Args:
        trained: what the encoder was trained to be scored by, shown as it is unless it is cosine.
    """
    powers = [PowerSimilarity(document_power=p) for p in DOCUMENT_POWERS if p]
    alone = [Candidate(similarity=power) for power in powers]
    whitened = [Candidate(TransformChoice(power)) for power in (0.0, *POWERS)]
    own = {} if trained is None or trained.is_cosine else {AS_TRAINED: (trained,)}
    return own | {
        "dot": (Candidate(similarity=PowerSimilarity(document_power=DOT.document_power)),),
        "norm alone": (BASELINE, *alone),
        LENGTH: (BASELINE, *(replace(candidate, norm="length") for candidate in alone)),
        "shuffled norm alone": (BASELINE, *(replace(candidate, norm="shuffled") for candidate in alone)),
        WHITENING: (BASELINE, *whitened),
        "anti-hubness alone": (BASELINE, *(Candidate(gamma=gamma) for gamma in GAMMAS if gamma)),
        "hub bias alone": (BASELINE, *(Candidate(weight=weight) for weight in WEIGHTS if weight)),
        "feature augmentation": (BASELINE, Candidate(similarity=None)),
    }

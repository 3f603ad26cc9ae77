"""How unevenly embeddings fill their space: towards one common direction, and along how few axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from norm_aware.errors import EmbeddingError
from norm_aware.geometry.norms import require_matrix
from norm_aware.numeric.moments import Moments


@dataclass(frozen=True, slots=True)
class Anisotropy:
    """How far directions are from filling their space evenly.

    Attributes:
        mean_cosine: of two random documents; 0 where directions have no common part.
        spectrum: share of the variance along each principal component, largest first, sum 1.
        effective_rank: how many axes as strong as one another would be as evenly filled, 1 to dimension.
    """

    mean_cosine: float
    spectrum: tuple[float, ...]
    effective_rank: float

    def share(self, components: int) -> float:
        """Share of the variance along the first principal components."""
        return float(sum(self.spectrum[:components]))


def anisotropy(embeddings: ArrayLike) -> Anisotropy:
    """Measure the anisotropy of directions, since cosine ranks by nothing else.

    The mean cosine of all pairs is that of Ethayarajh (arXiv:1909.00512), in closed form: the mean unit
    vector m has `|m|**2 = (1 + (n - 1) * mean cosine) / n`. Dominant components are those that Mu &
    Viswanath (arXiv:1702.01417) remove. The effective rank is the exponential of the entropy of the
    singular values of the centred directions (Roy & Vetterli, EUSIPCO 2007).

    Args:
        embeddings: shape (documents, dimension), raw or of unit length; zero vectors have no direction and
            do not count.

    Returns:
        The three measures; beyond 50,000 documents they are taken from a sample of that many.

    Raises:
        EmbeddingError: when fewer than two documents have a direction, or all have the same.

    Example:
        >>> round(anisotropy([[1, 0], [0, 1], [-1, 0], [0, -1]]).effective_rank, 3)
        2.0
    """
    matrix = require_matrix(embeddings, of="documents", least=2)
    moments = Moments.of(matrix)
    if moments.count < 2:
        raise EmbeddingError(f"{moments.count} document has a direction; at least 2 are needed to compare.")
    mean_cosine = (moments.count * moments.mean @ moments.mean - 1) / (moments.count - 1)
    variances = np.maximum(np.linalg.eigvalsh(moments.covariance)[::-1], 0.0)
    if variances.sum() < 1e-12:
        raise EmbeddingError(
            f"All {moments.count} documents have the same direction, so that it has no spectrum; look "
            "whether the encoder saw their texts."
        )
    weights = np.sqrt(variances) / np.sqrt(variances).sum()
    weights = weights[weights > 0]
    return Anisotropy(
        float(np.clip(mean_cosine, -1, 1)),
        tuple((variances / variances.sum()).tolist()),
        float(np.exp(-(weights * np.log(weights)).sum())),
    )

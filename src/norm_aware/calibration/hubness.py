"""The given norm and the hub bias of a calibration: what its banks of queries say of any document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from norm_aware.calibration.corpus import PseudoQueries, own_rows
from norm_aware.numeric.hub_bias import CSLS_NEAREST, hub_bias
from norm_aware.numeric.hubness_norm import NEAREST, hubness_norm
from norm_aware.numeric.nearest import mean_nearest
from norm_aware.numeric.transform import Transform


@dataclass(frozen=True, eq=False)
class AntiHubness:
    """Gives documents the length `hubness**-gamma`, whenever they come.

    A document's length depends on the bank of pseudo-queries and on nothing else, so that documents added
    later get the one they would have had from the start.

    Attributes:
        transform: what hubness is measured in.
        pseudo_queries: raw, with the document each was made from, which it does not count for.
        gamma: exponent, above 0.
    """

    transform: Transform
    pseudo_queries: PseudoQueries
    gamma: float

    @cached_property
    def _bank(self) -> NDArray[np.float32]:
        return self.transform.queries(self.pseudo_queries.embeddings)

    def lengths(
        self, documents: NDArray[np.float32], ids: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Lengths above 0, shape (documents,).

        Args:
            documents: raw embeddings, shape (documents, dimension).
            ids: their names, so that a document's own spans do not count for it; None for new documents.
        """
        own = {} if ids is None else own_rows(ids, self.pseudo_queries.sources)
        hubness = mean_nearest(self.transform.documents(documents), self._bank, k=NEAREST, own=own)
        return hubness_norm(hubness, gamma=self.gamma)


@dataclass(frozen=True, eq=False)
class HubBias:
    """Subtracts from a document's cosine what it gains on any query of a bank.

    Attributes:
        queries: raw embeddings of the bank, shape (bank, dimension), float32.
        weight: of the bias, above 0.
    """

    queries: NDArray[np.float32]
    weight: float

    def values(self, mapped: NDArray[np.float32], transform: Transform) -> NDArray[np.float64]:
        """What is added to each document's cosine, shape (documents,).

        Args:
            mapped: unit document vectors after the calibration's transform.
            transform: that transform, for the bank.
        """
        nearest = mean_nearest(mapped, transform.queries(self.queries), k=CSLS_NEAREST)
        return hub_bias(nearest, weight=self.weight)

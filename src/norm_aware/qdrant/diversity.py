"""Hits that say different things: maximal marginal relevance over the stored vectors of the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.numeric.mmr import diversify
from norm_aware.numeric.transform import directions
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.options import require_positive
from norm_aware.qdrant.search import Hit

_FACTOR = 4  # candidates for each hit wanted, as LlamaIndex's stores take


@dataclass(frozen=True, slots=True)
class Diversity:
    """How much hits should differ from each other.

    Qdrant's own MMR measures nearness by the collection's distance, which under Dot grows with the norms;
    this is by cosine, whatever the similarity (`norm_aware.numeric.mmr`).

    Attributes:
        threshold: 1 ranks by the similarity alone, 0 takes only the first hit by it and then what is least
            near to those taken.
        candidates: best hits to choose among; None takes 4 times as many as wanted.

    Raises:
        QueryError: for a threshold out of range or candidates below 1.
    """

    threshold: float = 0.5
    candidates: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise QueryError(
                f"The threshold of diversity is {self.threshold}; a number from 0 (diverse) to 1 (by the "
                "similarity alone) is needed."
            )
        require_positive("candidates", self.candidates)

    def depth(self, limit: int) -> int:
        """Candidates where so many hits are wanted."""
        return max(limit, self.candidates or math.ceil(_FACTOR * limit))


def diverse(
    collection: str,
    query: NDArray[np.float32],
    hits: Sequence[Hit],
    *,
    limit: int,
    contract: Contract,
    diversity: Diversity,
) -> Steps[list[Hit]]:
    """The hits to show, in the order they were chosen, each with the score it had.

    Args:
        collection: name of the collection they were found in.
        query: raw query embedding, shape (dimension,).
        hits: candidates, best first.
        limit: how many are wanted.
        contract: of the vectors they were found by.
        diversity: how much they should differ.
    """
    if diversity.threshold == 1 or len(hits) < 2:
        return list(hits[:limit])
    vectors = {str(hit.point.id): contract.field.of(hit.point.vector) for hit in hits}
    unknown = [hit.point.id for hit in hits if vectors[str(hit.point.id)] is None]
    if unknown:
        records: list[models.Record] = yield call(
            "retrieve", collection_name=collection, ids=unknown, with_payload=False, with_vectors=True
        )
        vectors |= {str(record.id): contract.field.of(record.vector) for record in records}
    kept = [hit for hit in hits if vectors[str(hit.point.id)] is not None]  # the rest was deleted meanwhile
    documents = directions(np.array([vectors[str(hit.point.id)] for hit in kept], dtype=np.float64))
    chosen = diversify(
        [hit.score for hit in kept],
        documents @ directions([query])[0],
        documents,
        limit=limit,
        threshold=diversity.threshold,
    )
    return [kept[i] for i in chosen]

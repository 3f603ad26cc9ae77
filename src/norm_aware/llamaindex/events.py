"""What norm-aware reports to LlamaIndex's instrumentation, and so to its OpenTelemetry exporters.

Figures only: never a text, a vector or a secret.
"""

from __future__ import annotations

import numpy as np
from llama_index_instrumentation.base.event import BaseEvent
from numpy.typing import NDArray

from norm_aware.qdrant.search import SearchOptions


class NormRetrievalEvent(BaseEvent):
    """A norm-aware search has been answered.

    Attributes:
        collection: the Qdrant collection searched.
        similarity: name of the similarity.
        similarity_top_k: how many nodes were asked for.
        candidates: Dot candidates per norm range; None for the default.
        exact: whether every point was scored.
        query_norm: length of the raw query embedding.
        found: how many nodes came back.
        seconds: wall time of the search, without embedding the query.
    """

    collection: str
    similarity: str
    similarity_top_k: int
    candidates: int | None
    exact: bool
    query_norm: float
    found: int
    seconds: float

    @classmethod
    def of(
        cls,
        collection: str,
        query: NDArray[np.float32],
        limit: int,
        options: SearchOptions,
        found: int,
        seconds: float,
    ) -> NormRetrievalEvent:
        """The event of a search."""
        return cls(
            collection=collection,
            similarity=str(options.similarity),
            similarity_top_k=limit,
            candidates=options.candidates,
            exact=options.exact,
            query_norm=float(np.linalg.norm(query)),
            found=found,
            seconds=seconds,
        )

    @classmethod
    def class_name(cls) -> str:
        """The name this event is exported under."""
        return "NormRetrievalEvent"

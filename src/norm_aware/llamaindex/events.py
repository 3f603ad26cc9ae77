"""What norm-aware reports to LlamaIndex's instrumentation, and so to its OpenTelemetry exporters.

Figures only: never a text, a vector or a secret.
"""

from __future__ import annotations

from llama_index_instrumentation.base.event import BaseEvent


class NormRetrievalEvent(BaseEvent):
    """A norm-aware search has been answered, or refused.

    Attributes:
        collection: the Qdrant collection searched.
        similarity: name of the similarity.
        similarity_top_k: how many nodes were asked for.
        candidates: Dot candidates per norm range; None for the default.
        exact: whether every point was scored.
        query_norm: length of the raw query embedding.
        found: how many nodes came back.
        certified: whether no document outside the candidates can score better; see `Found`.
        rounds: how often the engine was asked; 0 where the search was refused.
        missing_norms: points without a norm, for which a search is refused; otherwise 0.
        seconds: wall time of the search, without embedding the query.
    """

    collection: str
    similarity: str
    similarity_top_k: int
    candidates: int | None
    exact: bool
    query_norm: float
    found: int
    certified: bool
    rounds: int
    missing_norms: int
    seconds: float

    @classmethod
    def class_name(cls) -> str:
        """The name this event is exported under."""
        return "NormRetrievalEvent"

"""What collecting asks of a system: the documents it found for a query, in their final order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from norm_aware.benchmark.datasets.dataset import Query

TOP_K = 100
"""Documents retrieved per query, as many as the deepest measure looks at."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a system found.

    Attributes:
        id: of the document in the dataset.
        score: what the system ranked it by; of no fixed range, and of one scale only within a system.
        norm: length of its raw embedding; None where the system does not know it, as BM25 does not.
        text: what a model is shown of it.
    """

    id: str
    score: float | None
    norm: float | None
    text: str


class Retrieving(Protocol):
    """Finds a system's documents.

    Attributes:
        fingerprint: hash of everything that changes what is found and in which order; rows of another
            fingerprint are no rows of this system.
    """

    fingerprint: str

    def retrieve(self, query: Query, vector: Sequence[float]) -> list[Found]:
        """The documents found, best first, after reranking, each once.

        Args:
            query: what is asked.
            vector: its raw embedding by the encoder under test.
        """

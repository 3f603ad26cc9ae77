"""What a diagnosis is made from: embeddings, judgements and text lengths, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import DatasetError, EmbeddingError
from norm_aware.geometry.anisotropy import Anisotropy, anisotropy
from norm_aware.geometry.hubness import Hubness, hubness
from norm_aware.geometry.norms import is_normalized, norms, require_matrix, require_one_dimension
from norm_aware.geometry.separation import relevant_documents


@dataclass(frozen=True, eq=False)
class Evidence:
    """Checked inputs of a diagnosis, and the measures that several findings share.

    Attributes:
        documents: raw embeddings, shape (documents, dimension), float32.
        queries: raw embeddings, shape (queries, dimension), float32; None when not given.
        judgements: for each query, the grade of each judged document by its position; None when not given.
        relevant: whether some query's judgements name the document, shape (documents,); None when unjudged.
        lengths: of each document's text, shape (documents,); None when not given.
        seed: of every sample that is drawn.
    """

    documents: NDArray[np.float32]
    queries: NDArray[np.float32] | None
    judgements: Sequence[Mapping[int, float]] | None
    relevant: NDArray[np.bool_] | None
    lengths: NDArray[np.float64] | None
    seed: int

    @classmethod
    def of(
        cls,
        documents: ArrayLike,
        *,
        queries: ArrayLike | None,
        judgements: Sequence[Mapping[int, float]] | None,
        lengths: ArrayLike | None,
        seed: int,
    ) -> Evidence:
        """Check what was given; arguments and errors are those of `diagnose`."""
        matrix = require_matrix(documents, of="documents", least=2)
        if not matrix.any():
            raise EmbeddingError(
                f"All {len(matrix)} documents are zero vectors; look whether the encoder saw their texts."
            )
        bank = None if queries is None else require_matrix(queries, of="queries")
        if bank is not None:
            require_one_dimension(bank, matrix)
        if bank is not None and judgements is not None and len(judgements) != len(bank):
            raise DatasetError(
                f"{len(judgements)} queries have judgements and {len(bank)} have embeddings; give one "
                "mapping per query, in the same order, an empty one where nothing was judged."
            )
        relevant = None if judgements is None else relevant_documents(judgements, documents=len(matrix))
        return cls(matrix, bank, judgements, relevant, _checked(lengths, len(matrix)), seed)

    @cached_property
    def norms(self) -> NDArray[np.float64]:
        """Length of each document's embedding, shape (documents,)."""
        return norms(self.documents)

    @cached_property
    def is_normalized(self) -> bool:
        """Whether every document's embedding has length 1."""
        return is_normalized(self.documents)

    @cached_property
    def anisotropy(self) -> Anisotropy:
        """Anisotropy of the documents."""
        return anisotropy(self.documents)

    @cached_property
    def hubness(self) -> Hubness:
        """Who finds whom: documents by the queries, or by each other where there are none."""
        return hubness(self.documents, queries=self.queries, seed=self.seed)

    def require_queries(self) -> NDArray[np.float32]:
        """The queries.

        Raises:
            DatasetError: when none were given.
        """
        if self.queries is None:
            raise DatasetError(
                "No queries were given; pass the embeddings of 50 or more of what users really ask."
            )
        return self.queries

    def require_relevant(self) -> NDArray[np.bool_]:
        """Which documents are relevant to some query.

        Raises:
            DatasetError: when no judgements were given.
        """
        if self.relevant is None:
            raise DatasetError(
                "No judgements were given; pass, for each of 50 or more queries, the documents that answer "
                "it."
            )
        return self.relevant

    def require_lengths(self) -> NDArray[np.float64]:
        """The text lengths.

        Raises:
            DatasetError: when none were given.
        """
        if self.lengths is None:
            raise DatasetError(
                "No text lengths were given, so that a norm that only measures length would go unnoticed; "
                "pass the number of words of each document."
            )
        return self.lengths

    def require_raw(self) -> None:
        """Refuse documents that have no norm left to look at.

        Raises:
            EmbeddingError: when all of them have length 1.
        """
        if self.is_normalized:
            raise EmbeddingError(
                f"All {len(self.documents)} documents have length 1, so that their norms say nothing; embed "
                "them raw to ask this."
            )

    def counts(self) -> dict[str, int]:
        """How many of what there are, by name."""
        unlike = len({hash(row.tobytes()) for row in self.documents})
        counts = {"documents": len(self.documents), "dimension": self.documents.shape[1]}
        if self.queries is not None:
            counts["queries"] = len(self.queries)
        if self.judgements is not None and self.relevant is not None:
            judged = sum(any(grade > 0 for grade in grades.values()) for grades in self.judgements)
            counts |= {"judged queries": judged, "relevant documents": int(self.relevant.sum())}
        return counts | {
            "zero vectors": int((~self.documents.any(axis=1)).sum()),
            "repeated vectors": len(self.documents) - unlike,
        }


def _checked(lengths: ArrayLike | None, documents: int) -> NDArray[np.float64] | None:
    if lengths is None:
        return None
    try:
        values = np.asarray(lengths, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"The text lengths are not numbers ({error}); give one per document.") from error
    if values.shape != (documents,) or not (np.isfinite(values) & (values >= 0)).all():
        raise DatasetError(
            f"Text lengths of shape {values.shape} were given for {documents} documents; one number of at "
            "least 0 per document is needed, in words, tokens or characters."
        )
    return values

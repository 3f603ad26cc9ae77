"""What calibration knows of a corpus: its embeddings, and pseudo-queries cut from it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError
from norm_aware.geometry.norms import norms

_HUGE = 1e7  # a norm of such numbers is near the largest that a similarity takes

BANK = 4000
"""Pseudo-queries that a corpus's hubness is measured with."""


@dataclass(frozen=True, eq=False)
class PseudoQueries:
    """Texts in the place of queries: spans cut from documents, titles, or questions asked of them.

    Attributes:
        embeddings: raw, shape (pseudo-queries, dimension), float32.
        sources: id of the document each was made from; it does not count for that one's hubness.
        side: which of a transform's means they stand around: `query` for texts embedded as queries.
    """

    embeddings: NDArray[np.float32]
    sources: tuple[str, ...]
    side: str = "query"

    def __post_init__(self) -> None:
        object.__setattr__(self, "embeddings", as_embeddings(self.embeddings, "pseudo-queries"))
        object.__setattr__(self, "sources", tuple(map(str, self.sources)))
        if len(self.embeddings) != len(self.sources) or self.side not in {"query", "document"}:
            raise CalibrationError(
                f"{len(self.embeddings)} pseudo-queries with {len(self.sources)} sources on the side "
                f"{self.side!r}; one source each and the side 'query' or 'document' are needed."
            )


class Corpus:
    """Documents to calibrate on.

    Args:
        embeddings: raw document embeddings, shape (documents, dimension).
        ids: a name for each document; its position where not given.
        lengths: of the texts, in any unit, to tell what a norm says from what length says.
        pseudo_queries: what hubness is measured with; None takes a sample of the documents themselves.
        encoder: name and fingerprint of what embedded them.

    Raises:
        EmbeddingError: when a number is NaN or infinite, or every vector is zero.
        CalibrationError: for fewer than two documents, or ids or lengths that do not fit.
    """

    def __init__(
        self,
        embeddings: ArrayLike,
        *,
        ids: Sequence[str] | None = None,
        lengths: ArrayLike | None = None,
        pseudo_queries: PseudoQueries | None = None,
        encoder: tuple[str, str] = ("unnamed", ""),
    ) -> None:
        self.embeddings = as_embeddings(embeddings, "documents")
        count = len(self.embeddings)
        if count < 2:
            raise CalibrationError(f"{count} documents were given; a ranking needs at least 2.")
        if not self.embeddings.any():
            raise EmbeddingError("Every document's vector is zero; embed the texts again.")
        self.ids = tuple(map(str, range(count) if ids is None else ids))
        if len(self.ids) != count or len(set(self.ids)) != count:
            raise CalibrationError(
                f"{count} documents have {len(set(self.ids))} different ids; one each is needed."
            )
        try:
            self.lengths = None if lengths is None else np.asarray(lengths, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise CalibrationError(f"The lengths are no numbers ({error}); give one a document.") from error
        if self.lengths is not None and (
            self.lengths.shape != (count,) or not np.isfinite(self.lengths).all() or self.lengths.min() < 0
        ):
            raise CalibrationError(
                f"The lengths have shape {self.lengths.shape}; a number of at least 0 for each of {count} "
                "documents is needed."
            )
        if pseudo_queries is None:
            chosen = np.random.default_rng(0).permutation(count)[:BANK]
            pseudo_queries = PseudoQueries(
                self.embeddings[chosen], tuple(self.ids[i] for i in chosen), side="document"
            )
        require_same_dimension(self.embeddings, pseudo_queries.embeddings, "pseudo-queries")
        self.pseudo_queries = pseudo_queries
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.embeddings)

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return int(self.embeddings.shape[1])

    @cached_property
    def norms(self) -> NDArray[np.float64]:
        """Lengths of the raw embeddings, shape (documents,)."""
        return norms(self.embeddings)

    @cached_property
    def own(self) -> Mapping[int, NDArray[np.intp]]:
        """Rows of the pseudo-queries that were made from a document, by its position."""
        return own_rows(self.ids, self.pseudo_queries.sources)

    @cached_property
    def digest(self) -> str:
        """Hash of ids and embeddings."""
        hasher = hashlib.blake2b(self.embeddings.tobytes(), digest_size=8)
        hasher.update("\n".join(self.ids).encode())
        return hasher.hexdigest()

    def take(self, documents: NDArray[np.intp]) -> Corpus:
        """Some of the documents, with the same pseudo-queries."""
        return Corpus(
            self.embeddings[documents],
            ids=[self.ids[i] for i in documents],
            lengths=None if self.lengths is None else self.lengths[documents],
            pseudo_queries=self.pseudo_queries,
            encoder=self.encoder,
        )


def point_id(node_id: str) -> str:
    """The Qdrant point id of a node: its own id where that is a UUID, else the UUID derived from it."""
    try:
        return str(uuid.UUID(node_id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, node_id))


def own_rows(ids: Sequence[str], sources: Sequence[str]) -> dict[int, NDArray[np.intp]]:
    """Which pseudo-queries were made from which of some documents, by position.

    A document may be called by its node's id here and by its point's there.
    """
    position = {point_id(str(name)): i for i, name in enumerate(ids)}
    rows: dict[int, list[int]] = {}
    for row, source in enumerate(sources):
        if (document := position.get(point_id(str(source)))) is not None:
            rows.setdefault(document, []).append(row)
    return {document: np.array(of, dtype=np.intp) for document, of in rows.items()}


def as_embeddings(embeddings: ArrayLike, what: str) -> NDArray[np.float32]:
    """Embeddings as a float32 matrix of finite numbers.

    Raises:
        EmbeddingError: when they are none, or are huge, naming the first row at fault.
    """
    try:
        with np.errstate(over="ignore"):
            rows = np.asarray(embeddings, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EmbeddingError(f"The {what} are no matrix of numbers ({error}).") from error
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise EmbeddingError(f"The {what} have shape {rows.shape}; (rows, dimension) is needed.")
    broken = np.flatnonzero(~((rows < _HUGE) & (rows > -_HUGE)).all(axis=1))
    if len(broken):
        raise EmbeddingError(
            f"Row {broken[0]} of the {what} holds NaN, infinite or huge (from {_HUGE:g}) numbers, as "
            f"{len(broken)} of {len(rows)} do; look at its text and at the encoder's precision, then embed "
            "again."
        )
    return rows


def require_same_dimension(documents: NDArray[np.float32], others: NDArray[np.float32], what: str) -> None:
    """Refuse embeddings of another dimension than the documents'.

    Raises:
        DimensionError: naming both.
    """
    if documents.shape[1] != others.shape[1]:
        raise DimensionError(
            f"The {what} have dimension {others.shape[1]}, the documents {documents.shape[1]}; embed both "
            "with one encoder."
        )

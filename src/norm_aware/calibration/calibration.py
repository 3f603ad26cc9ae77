"""A calibration: which transform, similarity and given norm to use, for one encoder, with the evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.calibration.corpus import as_embeddings
from norm_aware.calibration.evidence import Evidence
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.calibration.relevance import RelevanceProbability
from norm_aware.errors import CalibrationError
from norm_aware.geometry.norms import norms
from norm_aware.numeric.similarity import COSINE, Similarity
from norm_aware.numeric.transform import Transform


class StoredDocuments(NamedTuple):
    """What a Dot collection stores of documents so that one inner product gives the calibrated score.

    Attributes:
        vectors: shape (documents, dimension), float32; their lengths are the calibration's, not the raw.
        offsets: added to the inner product, shape (documents,); all 0 where a plain Dot search will do.
    """

    vectors: NDArray[np.float32]
    offsets: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """How to compare queries with documents of one encoder and one corpus, and why.

    The score of a pair is `similarity` of the transform's cosine and the raw norms, with the hub bias added
    to the cosine, times the document's given length. All of it is one inner product of a query vector and
    a stored vector, plus a number a document.

    Attributes:
        encoder: name of the encoder it was made for.
        fingerprint: of the encoder; another one is refused.
        transform: of both sides' directions.
        similarity: of the cosine after it and the raw norms; linear in the cosine.
        anti_hubness: gives every document a length; None gives 1.
        hub_bias: added to every document's cosine; None adds nothing.
        probability: turns scores into probabilities of relevance; None where nothing was judged.
        evidence: what was measured to choose it.

    Example:
        >>> cosine = Calibration.cosine(("my-encoder", "0123"), dimension=2)
        >>> cosine.is_cosine, cosine.scores([[3.0, 4.0]], [[6.0, 8.0], [4.0, -3.0]]).round(3).tolist()
        (True, [[1.0, 0.0]])
    """

    encoder: str
    fingerprint: str
    transform: Transform
    similarity: Similarity = COSINE
    anti_hubness: AntiHubness | None = None
    hub_bias: HubBias | None = None
    probability: RelevanceProbability | None = None
    evidence: Evidence = field(default_factory=Evidence)

    @classmethod
    def cosine(
        cls, encoder: tuple[str, str], *, dimension: int, evidence: Evidence | None = None
    ) -> Calibration:
        """The calibration that changes nothing: plain cosine."""
        return cls(*encoder, Transform.identity(dimension), evidence=evidence or Evidence())

    @property
    def is_cosine(self) -> bool:
        """Whether it ranks as plain cosine does, so that a collection is left as it is."""
        plain = self.transform.is_identity and self.similarity == COSINE
        return plain and self.anti_hubness is None and self.hub_bias is None

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return self.transform.dimension

    @property
    def has_offsets(self) -> bool:
        """Whether a document's score has a part that no vector length holds."""
        return self.hub_bias is not None or self._adds_to_scores

    @cached_property
    def _adds_to_scores(self) -> bool:
        _, offsets = self.similarity.document_terms(np.array([0.5, 1.0, 2.0]))
        return bool(offsets.any())

    @cached_property
    def digest(self) -> str:
        """Hash of all that changes a score, for the contract of a collection."""
        hasher = hashlib.blake2b(digest_size=8)
        hasher.update(f"{self.fingerprint} {self.transform.fingerprint} {self.similarity.name}".encode())
        if self.anti_hubness is not None:
            hasher.update(f"{self.anti_hubness.gamma} {self.anti_hubness.transform.fingerprint}".encode())
            hasher.update(self.anti_hubness.pseudo_queries.embeddings.tobytes())
            hasher.update("\n".join(self.anti_hubness.pseudo_queries.sources).encode())
        if self.hub_bias is not None:
            hasher.update(f"{self.hub_bias.weight}".encode() + self.hub_bias.queries.tobytes())
        return hasher.hexdigest()

    def queries(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """Vectors to search with, shape (queries, dimension).

        Args:
            embeddings: raw query embeddings, shape (queries, dimension).

        Raises:
            EmbeddingError: for NaN, infinite numbers or another dimension.
        """
        rows = as_embeddings(embeddings, "queries")
        factor = self.similarity.query_factor(norms(rows)).astype(np.float32)
        return self.transform.queries(rows) * factor[:, None]

    def documents(self, embeddings: ArrayLike, *, ids: Sequence[str] | None = None) -> StoredDocuments:
        """What to store of documents, whether they were there at calibration or come later.

        Args:
            embeddings: raw document embeddings, shape (documents, dimension).
            ids: names by which the documents calibrated on are recognised: pseudo-queries cut from a
                document do not count for its own hubness.

        Raises:
            EmbeddingError: for NaN, infinite numbers or another dimension.
            CalibrationError: when there are not as many ids as documents.
        """
        rows = as_embeddings(embeddings, "documents")
        if ids is not None and len(ids) != len(rows):
            raise CalibrationError(f"{len(rows)} documents have {len(ids)} ids; one each is needed.")
        mapped = self.transform.documents(rows)
        slope, offset = self.similarity.document_terms(norms(rows))
        if self.hub_bias is not None:
            offset = offset + slope * self.hub_bias.values(mapped, self.transform)
        if self.anti_hubness is not None:
            lengths = self.anti_hubness.lengths(rows, ids)
            slope, offset = slope * lengths, offset * lengths
        return StoredDocuments(mapped * slope.astype(np.float32)[:, None], offset)

    def scores(
        self, queries: ArrayLike, documents: ArrayLike, *, ids: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Scores of all pairs, shape (queries, documents), as a calibrated collection gives them."""
        stored = self.documents(documents, ids=ids)
        inner = self.queries(queries).astype(np.float64) @ stored.vectors.T
        return np.asarray(inner + stored.offsets)

    def require_encoder(self, encoder: tuple[str, str], *, dimension: int | None = None) -> None:
        """Refuse an encoder other than the one this calibration was made for.

        Raises:
            CalibrationError: naming both.
        """
        name, fingerprint = encoder
        fits = not self.fingerprint or fingerprint == self.fingerprint
        if fits and dimension in (None, self.dimension):
            return
        raise CalibrationError(
            f"The calibration was made for encoder {self.encoder!r} ({self.fingerprint}, {self.dimension} "
            f"dimensions); this is {name!r} ({fingerprint}, {dimension or 'unknown'} dimensions). Calibrate "
            "for this encoder, or use the one it was made for."
        )

    def __str__(self) -> str:
        return self.evidence.choice or ("cosine" if self.is_cosine else str(self.similarity))

    def save(self, path: str | Path) -> Path:
        """Write everything as one file: numbers as safetensors, the rest as JSON in its header.

        Raises:
            CalibrationError: when the file cannot be written.
        """
        from norm_aware.calibration.file import write

        return write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, *, encoder: tuple[str, str] | None = None) -> Calibration:
        """Read what `save` wrote.

        Args:
            path: of the file.
            encoder: name and fingerprint of the encoder at hand; one it was not made for is refused.

        Raises:
            CalibrationError: when the file cannot be read, was changed, or is for another encoder.
        """
        from norm_aware.calibration.file import read

        calibration = read(Path(path))
        if encoder is not None:
            calibration.require_encoder(encoder)
        return calibration

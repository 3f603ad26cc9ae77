"""An affine map of directions, fitted once: what embeddings go through before they are compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError

_BLOCK = 8192  # rows mapped at once: bounds memory whatever the number of documents


@dataclass(frozen=True, eq=False)
class Transform:
    """Maps an embedding x to the direction of `(x / |x| - mean) @ matrix`, each side with its own mean.

    It acts on directions: the raw norm is a number of its own, which a `Similarity` uses or leaves alone.
    Centring, whitening, principal-component removal and soft cosine are all of this form
    (`fit_centering`, `fit_whitening`, `fit_all_but_the_top`, `soft_cosine`). The cosine of two mapped
    vectors is the transform's cosine. A zero vector, or one that is its side's mean, maps to zero.

    Attributes:
        query_mean: subtracted from query directions, shape (dimension,), float64.
        document_mean: subtracted from document directions, shape (dimension,), float64.
        matrix: applied after the mean, shape (dimension, dimension), float64.

    Raises:
        DimensionError: when the shapes do not fit.
        EmbeddingError: when a number is NaN or infinite.

    Example:
        >>> identity = Transform.identity(2)
        >>> identity.documents([[0.0, 4.0]]).tolist()
        [[0.0, 1.0]]
    """

    query_mean: NDArray[np.float64]
    document_mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("query_mean", "document_mean", "matrix"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if not np.isfinite(value).all():
                raise EmbeddingError(f"The transform's {name} holds NaN or infinite numbers; fit it again.")
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        size = self.query_mean.size
        shapes = (self.query_mean.shape, self.document_mean.shape, self.matrix.shape)
        if shapes != ((size,), (size,), (size, size)):
            raise DimensionError(
                f"The transform's means and matrix have shapes {shapes}; one dimension is needed in all."
            )

    @classmethod
    def identity(cls, dimension: int) -> Transform:
        """The transform that only normalises: its cosine is the plain one."""
        return cls(np.zeros(dimension), np.zeros(dimension), np.eye(dimension))

    @property
    def dimension(self) -> int:
        """Numbers in an embedding, before the map and after it."""
        return int(self.matrix.shape[0])

    @property
    def is_identity(self) -> bool:
        """Whether this transform only normalises."""
        plain = np.array_equal(self.matrix, np.eye(self.dimension))
        return plain and not self.query_mean.any() and not self.document_mean.any()

    def queries(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """Unit vectors of queries, shape (queries, dimension); rows that vanish are zero.

        Args:
            embeddings: raw query embeddings, shape (queries, dimension).

        Raises:
            DimensionError: when the embeddings have another dimension.
            EmbeddingError: when a number is NaN or infinite.
        """
        return self._apply(embeddings, self.query_mean)

    def documents(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """Unit vectors of documents; see `queries`."""
        return self._apply(embeddings, self.document_mean)

    def then(self, matrix: ArrayLike) -> Transform:
        """This transform followed by another matrix, shape (dimension, dimension)."""
        after = np.asarray(matrix, dtype=np.float64)
        if after.shape != self.matrix.shape:
            raise DimensionError(f"A matrix of shape {after.shape} cannot follow one of {self.matrix.shape}.")
        return Transform(self.query_mean, self.document_mean, self.matrix @ after)

    @property
    def fingerprint(self) -> str:
        """Hash of the numbers."""
        digest = hashlib.blake2b(digest_size=8)
        for part in (self.query_mean, self.document_mean, self.matrix):
            digest.update(part.tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the transform as a safetensors file that carries its fingerprint.

        Raises:
            CalibrationError: when the file cannot be written.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        try:
            save_file(self.tensors(), path, metadata={"fingerprint": self.fingerprint})
        except (OSError, SafetensorError, ValueError) as error:
            raise CalibrationError(
                f"{path} cannot be written ({error}); name a file in a folder that exists."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> Transform:
        """Read a transform that `save` wrote.

        Raises:
            CalibrationError: when the file cannot be read or is not the one that was written.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                recorded = (file.metadata() or {}).get("fingerprint")
                transform = cls(**{name: file.get_tensor(name) for name in cls.__dataclass_fields__})
        except (OSError, SafetensorError, TypeError, ValueError) as error:
            raise CalibrationError(
                f"{path} cannot be read as a transform ({error}); fit and save it again."
            ) from error
        if transform.fingerprint != recorded:
            raise CalibrationError(
                f"{path} says fingerprint {recorded}, its numbers have {transform.fingerprint}: it was "
                "changed since it was written. Fit and save it again."
            )
        return transform

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        """The numbers by name, as a safetensors file holds them."""
        return {name: np.ascontiguousarray(getattr(self, name)) for name in self.__dataclass_fields__}

    def _apply(self, embeddings: ArrayLike, mean: NDArray[np.float64]) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            rows = np.atleast_2d(np.asarray(embeddings, dtype=np.float32))
        if rows.ndim != 2 or rows.shape[1] != self.dimension:
            raise DimensionError(
                f"The embeddings have shape {rows.shape}, the transform was fitted on dimension "
                f"{self.dimension}; use the encoder it was fitted for."
            )
        if not np.isfinite(rows).all():
            raise EmbeddingError("An embedding holds NaN or infinite numbers; embed its text again.")
        mapped = np.empty(rows.shape, dtype=np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = directions(rows[start : start + _BLOCK])
            centred = np.where(block.any(axis=1, keepdims=True), block - mean, 0.0)
            mapped[start : start + _BLOCK] = directions(centred @ self.matrix)
        return mapped


def directions(embeddings: ArrayLike) -> NDArray[np.float64]:
    """Embeddings at length 1; one that is zero, or as good as that, becomes zero.

    Args:
        embeddings: shape (rows, dimension).

    Returns:
        Shape (rows, dimension), float64.

    Example:
        >>> directions([[3.0, 4.0], [0.0, 0.0]]).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-12))

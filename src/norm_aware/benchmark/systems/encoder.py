"""The encoder under test, loaded when something must be embedded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from norm_aware.errors import BenchmarkError

if TYPE_CHECKING:  # seconds of imports, once something must be embedded
    from norm_aware.llamaindex.embedding import RawEmbedding

Identity = tuple[str, str]
"""Name and fingerprint of an encoder."""


class Encoder:
    """An encoder that need not be loaded to be known.

    Args:
        load: loads it.
        source: hash of where it comes from, as `encoder_source` gives it; None makes `identity` load it.

    Attributes:
        source: as given.

    Example:
        >>> from norm_aware import offline
        >>> Encoder(offline.encoder).identity()[0]
        'raw:all-MiniLM-L6-v2'
    """

    def __init__(self, load: Callable[[], RawEmbedding], *, source: str | None = None) -> None:
        self.source = source
        self._load = load
        self._expected: Identity | None = None

    @classmethod
    def of(cls, embedding: RawEmbedding | Encoder) -> Encoder:
        """An encoder that is loaded already, or is one of these."""
        return embedding if isinstance(embedding, Encoder) else cls(lambda: embedding)

    def identity(self, known: Identity | None = None) -> Identity:
        """Its name and fingerprint.

        Args:
            known: what they were when its source was last the same; it is then not loaded to be asked, and
                is held to them when it is loaded.
        """
        if known is not None and self._expected is None and "embedding" not in self.__dict__:
            self._expected = known
        if self._expected is None:
            from norm_aware.llamaindex.embedding import encoder_identity

            self._expected = encoder_identity(self.embedding)
        return self._expected

    @cached_property
    def embedding(self) -> RawEmbedding:
        """The encoder, loaded.

        Raises:
            BenchmarkError: when it is another than the identity that was given out.
            QueryError: when it cannot be loaded.
        """
        from norm_aware.llamaindex.embedding import encoder_identity

        embedding = self._load()
        found = encoder_identity(embedding)
        if self._expected is not None and found != self._expected:
            raise BenchmarkError(
                f"Encoder {found[0]!r} has fingerprint {found[1]}, and this run was made with "
                f"{self._expected[0]!r} of {self._expected[1]}; choose another --out, or remove that folder."
            )
        return embedding

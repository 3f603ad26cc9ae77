"""BM25 as sparse vectors: a text's term weights here, the rarity of each term in Qdrant.

`BM25(query, document) = sum over shared terms of idf(term) * weight(term, document)` (Robertson and Zaragoza,
2009). The weight depends on the document alone and is stored; the idf depends on the collection as it stands,
and Qdrant multiplies it in (`Modifier.IDF`). Tokens and their ids are those of Qdrant's own BM25.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qdrant_client import models

from norm_aware.errors import MissingExtraError, QueryError


@dataclass(frozen=True, slots=True)
class Bm25:
    """How texts become sparse vectors; documents and queries of a collection need the same.

    Args:
        language: of the texts, for stop words and stems: `"english"`, `"german"`, `"french"` and so on.
        k: how much a term's repetition counts, at least 0.
        b: how much a document's length is made up for, from 0 to 1.
        average_length: of documents, in tokens. It is a constant, so that a document's weights do not change
            as others come; a rough guess serves.

    Raises:
        MissingExtraError: when Qdrant's tokenizer is not installed.
        QueryError: for a language or a number that it does not take.

    Example:
        >>> Bm25().query("the lengths of vectors").values
        [1.0, 1.0]
    """

    language: str = "english"
    k: float = 1.2
    b: float = 0.75
    average_length: float = 256.0

    def __post_init__(self) -> None:
        _model(self)

    def documents(self, texts: Sequence[str]) -> list[models.SparseVector]:
        """Term weights of documents; a text without any term has none."""
        return [_sparse(_model(self).embed_document(text)) for text in texts]

    def query(self, text: str) -> models.SparseVector:
        """A query's terms, each of weight 1."""
        return _sparse(_model(self).embed_query(text))

    def __str__(self) -> str:
        return f"bm25 language={self.language} k={self.k:g} b={self.b:g} average={self.average_length:g}"


@lru_cache(maxsize=16)
def _model(bm25: Bm25) -> Any:
    try:
        from qdrant_edge import Bm25 as Model
        from qdrant_edge import Bm25Config
    except ImportError as error:
        raise MissingExtraError(
            "BM25 needs Qdrant's own tokenizer, which is not installed; "
            '`pip install "norm-aware[embedded]"` installs it.'
        ) from error
    try:
        return Model(Bm25Config(k=bm25.k, b=bm25.b, avg_len=bm25.average_length, language=bm25.language))
    except (TypeError, ValueError) as error:
        raise QueryError(f"Qdrant's BM25 does not take {bm25} ({error}); change that.") from error


def _sparse(vector: Any) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))

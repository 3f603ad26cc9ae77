"""An encoder in the shape that RAGAS's metrics take."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Embed = Callable[[list[str]], ArrayLike]
"""Embeds n texts as an array of shape (n, dimension); not with the encoder under test."""

_CACHED_TEXTS = 4096


def ragas_embeddings(embed: Embed) -> Any:
    """`embed` as RAGAS's embeddings; a text that occurs again is not embedded again.

    A text whose embedding has no direction is a ValueError when it is asked for, not a NaN.
    """
    from ragas.embeddings.base import BaseRagasEmbedding

    @lru_cache(_CACHED_TEXTS)
    def vector(text: str) -> tuple[float, ...]:
        found = np.asarray(embed([text]), dtype=np.float64).reshape(-1)
        if not 0 < float(np.linalg.norm(found)) < math.inf:
            raise ValueError(f"the embedding of {text[:40]!r} has no direction")
        return tuple(found.tolist())

    class Embeddings(BaseRagasEmbedding):
        def embed_text(self, text: str, **_: Any) -> list[float]:
            return list(vector(text))

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return list(vector(text))

    return Embeddings()

"""A model's modules without those that throw norms away."""

from __future__ import annotations

from collections.abc import Sequence

from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn

from norm_aware.errors import EmbeddingError


def without_normalize(modules: Sequence[nn.Module]) -> list[nn.Module]:
    """A model's modules without the `Normalize` modules that it ends in, which throw norms away.

    Raises:
        EmbeddingError: when no module is left.
    """
    kept = list(modules)
    while kept and isinstance(kept[-1], Normalize):
        kept.pop()
    if not kept:
        raise EmbeddingError(
            "The model has no module but Normalize, which embeds no text; give one with an encoder."
        )
    return kept

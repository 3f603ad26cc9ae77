"""A model's modules without those that throw norms away."""

from __future__ import annotations

from collections.abc import Sequence

from sentence_transformers.sentence_transformer.modules import Normalize
from torch import nn


def without_normalize(modules: Sequence[nn.Module]) -> list[nn.Module]:
    """A model's modules without the `Normalize` modules that it ends in, which throw norms away."""
    kept = list(modules)
    while isinstance(kept[-1], Normalize):
        kept.pop()
    return kept

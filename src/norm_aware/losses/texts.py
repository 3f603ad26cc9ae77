"""What a loss knows of the texts themselves, from their tokens: which are equal, and how long they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from norm_aware.errors import TrainingError

_PRIMES = (1_000_003, 8_191)  # of a polynomial hash in 64 bits, which wrap


@dataclass(frozen=True, slots=True)
class Texts:
    """One column of a batch.

    Attributes:
        digests: int64 hash of each text's tokens, shape (n,); equal for equal texts.
        lengths: tokens of each text, shape (n,).
        guided: unit vectors of a guide, shape (n, the guide's dimension); None where the loss has no guide.
    """

    digests: Tensor
    lengths: Tensor
    guided: Tensor | None = None


def read_texts(features: Mapping[str, Any]) -> Texts:
    """Read a column's tokens, before the model changes the features in place.

    Args:
        features: what the model's tokenizer made: `input_ids` (n, tokens) with an `attention_mask`, or,
            of a static encoder, all tokens in one row with `offsets` (n,).

    Raises:
        TrainingError: when there are no tokens in either form.
    """
    ids = features.get("input_ids")
    if not isinstance(ids, Tensor):
        raise TrainingError(
            f"The model's features are {', '.join(features)}; losses that compare texts read input_ids."
        )
    offsets = features.get("offsets")
    if isinstance(offsets, Tensor):
        ends = torch.cat([offsets[1:], offsets.new_tensor([len(ids)])])
        lengths = ends - offsets
        rows = torch.repeat_interleave(torch.arange(len(offsets), device=ids.device), lengths)
        places = torch.arange(len(ids), device=ids.device) - offsets[rows]
        hashed = _hashed(ids, places)
        digests = torch.zeros(len(offsets), dtype=torch.int64, device=ids.device)
        return Texts(digests.index_add_(0, rows, hashed), lengths)
    mask = features.get("attention_mask")
    kept = mask.bool() if isinstance(mask, Tensor) else torch.ones_like(ids, dtype=torch.bool)
    places = kept.long().cumsum(dim=-1) - 1
    return Texts((_hashed(ids, places) * kept).sum(dim=-1), kept.sum(dim=-1))


def _hashed(ids: Tensor, places: Tensor) -> Tensor:
    """A number for each token at its place; their sum is a text's hash."""
    mixed = (ids.long() + 1) * _PRIMES[0] + (places.long() + 1) * _PRIMES[1]
    mixed = (mixed ^ (mixed >> 29)) * 0x5851F42D4C957F2D
    return (mixed ^ (mixed >> 32)) * 0x27BB2EE687B0B0FD

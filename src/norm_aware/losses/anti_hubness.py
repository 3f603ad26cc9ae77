"""The anti-hubness norm in training: a length by a document's hubness, whose exponent is learned."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.learned import learned
from norm_aware.losses.texts import read_texts
from norm_aware.losses.trainable_similarity import scaled
from norm_aware.numeric.hubness_norm import FLOOR, MAX_GAMMA, NEAREST

PARTS = 8
"""Steps in which the whole bank is embedded anew."""

_BATCH = 64  # texts tokenised at once


class AntiHubnessLength(nn.Module):
    """`(h / geometric mean of h)**-gamma` for the documents of a batch; gamma is learned.

    h is a document's hubness, the mean of its `NEAREST` highest cosines to a bank of pseudo-queries that
    were not cut from it, at least `FLOOR`: the training twin of `numeric.hubness_norm`, which gives the
    lengths to search with (cf. CSLS, Conneau et al. 2018, arXiv:1710.04087). The geometric mean is the
    batch's, so that gamma changes how documents stand to each other and not the temperature.

    The bank is embedded by the model that is trained, without gradient: whole to begin with, then one of its
    `PARTS` parts a step, in turn. No row is older than `PARTS` steps, a step costs an eighth of the bank,
    nothing is drawn, and every process holds the same bank without asking the others. Gradients go to
    gamma, not through h: the encoder would be paid for moving documents away from spans, whatever they
    answer.

    Args:
        model: what is trained; it embeds the bank here and reads the sources' tokens, and is not kept.
        spans: the bank's texts.
        sources: text of the document that each was cut from, for which it does not count.
        gamma: where the exponent starts, above 0 and below `MAX_GAMMA`, between which it stays.
        query_prompt: put before every span, as before the batches' queries.
        document_prompt: put before every source; the batches' documents must have the same, for a document
            is known by its tokens.

    Raises:
        TrainingError: for a gamma out of range, no spans, or another number of sources.

    Example:
        >>> from norm_aware.losses import AntiHubnessLength, InfoNCELoss
        >>> length = AntiHubnessLength(model, ["a span"], ["of a span"], gamma=0.3)  # doctest: +SKIP
        >>> loss = InfoNCELoss(model, "cosine", document_length=length)  # doctest: +SKIP
    """

    sources: Tensor
    bank: Tensor
    turn: Tensor

    def __init__(
        self,
        model: SentenceTransformer,
        spans: Sequence[str],
        sources: Sequence[str],
        *,
        gamma: float = 0.3,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
    ) -> None:
        super().__init__()
        if not 0 < gamma < MAX_GAMMA:
            raise TrainingError(
                f"gamma starts at {gamma}; a number above 0 and below {MAX_GAMMA} is needed, such as 0.3."
            )
        if not spans or len(spans) != len(sources):
            raise TrainingError(
                f"{len(spans)} spans have {len(sources)} sources; at least one span is needed, and for each "
                "the text of the document it was cut from."
            )
        self._logit = learned(math.log(gamma / (MAX_GAMMA - gamma)))
        edges = torch.linspace(0, len(spans), min(PARTS, len(spans)) + 1).long().tolist()
        self._rows = [slice(start, end) for start, end in itertools.pairwise(edges)]
        self._parts = [
            [model.preprocess(batch, prompt=query_prompt) for batch in _batches(spans[rows])]
            for rows in self._rows
        ]
        of_sources = (model.preprocess(batch, prompt=document_prompt) for batch in _batches(sources))
        digests = [read_texts(features).digests.cpu() for features in of_sources]
        # kept with the loss's state, so that a training that was stopped goes on with the bank it had
        self.register_buffer("sources", torch.cat(digests))
        self.register_buffer("bank", torch.cat([_embed(model, part) for part in self._parts]))
        self.register_buffer("turn", torch.tensor(0))

    @property
    def gamma(self) -> float:
        """The exponent as it is now."""
        # float32 may round above the largest; in this order no number at all stays none
        return min(self._gamma().item(), MAX_GAMMA)

    def forward(self, model: nn.Module, documents: Tensor, digests: Tensor) -> Tensor:
        """The length that each document of a batch is given.

        Args:
            model: what is trained, as the loss holds it.
            documents: raw embeddings, shape (n, dimension).
            digests: of their texts, shape (n,): a document's own spans do not count for it.

        Returns:
            Shape (n,), float32, with a geometric mean of 1.
        """
        self._refresh(model)
        with torch.no_grad(), torch.autocast(documents.device.type, enabled=False):
            own = digests[:, None] == self.sources[None, :]
            cosines = scaled(documents, 0.0).to(self.bank.dtype) @ self.bank.T
            nearest = cosines.masked_fill(own, -torch.inf).topk(min(NEAREST, len(self.bank)), dim=1).values
            counted = nearest.isfinite()
            hubness = nearest.where(counted, 0.0).sum(dim=1) / counted.sum(dim=1).clamp(min=1)
            logs = hubness.clamp(min=FLOOR).log()
            logs -= logs.mean()
        return (-self._gamma() * logs).exp()

    def _gamma(self) -> Tensor:
        return MAX_GAMMA * torch.sigmoid(self._logit)

    def _refresh(self, model: nn.Module) -> None:
        """Embed the part of the bank whose turn it is."""
        turn = int(self.turn)
        self.bank[self._rows[turn]] = _embed(model, self._parts[turn]).to(self.bank)
        self.turn.fill_((turn + 1) % len(self._parts))


@torch.no_grad()
def _embed(model: nn.Module, batches: Sequence[dict[str, Any]]) -> Tensor:
    """Unit vectors of tokenised texts, without dropout, as a search would meet them."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    rows = [
        model({key: value.to(device) if isinstance(value, Tensor) else value for key, value in batch.items()})
        for batch in batches
    ]
    model.train(training)
    return scaled(torch.cat([row["sentence_embedding"] for row in rows]), 0.0)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), _BATCH):
        yield list(texts[start : start + _BATCH])

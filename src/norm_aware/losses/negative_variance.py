"""The auxiliary term that keeps the cosines of negative pairs from spreading in small batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.auxiliary import AuxiliaryLoss
from norm_aware.losses.texts import Texts
from norm_aware.losses.trainable_similarity import scaled


class NegativeVarianceLoss(AuxiliaryLoss):
    """Another loss plus `weight * mean over i != j of (cos(q_i, d_j) - delta)**2`.

    Lee, Lim, Lee & Sohn (ICML 2025, arXiv:2506.09781, definition 5.7): in small batches contrastive
    losses spread the cosines of negative pairs, and this term draws them to the optimum of the whole data,
    `delta = -1 / (n - 1)` for n training pairs. It is the cosines' variance plus their squared distance
    from delta. Published for images only, normalised, with weights of 30 and 40 of a grid from .1 to 100:
    on text it must be tuned. It acts on directions; norms get no gradient from it.

    Args:
        loss: the main loss, see `AuxiliaryLoss`.
        weight: lambda.
        train_size: n, the pairs of the training set; None takes delta as 0, which large n come close to.
        within_view: takes the pairs of queries and the pairs of documents as negatives too.

    Requirements:
        Columns as the main loss needs them; hard negatives are not looked at. Equal texts are no negatives.

    Relations:
        Wraps `InfoNCELoss`, `NormRegularizer` or sentence-transformers' `MultipleNegativesRankingLoss`.

    Raises:
        TrainingError: for a weight below 0, or a training set of fewer than 2 pairs.

    Example:
        >>> NegativeVarianceLoss(InfoNCELoss(model), weight=1.0, train_size=len(pairs))  # doctest: +SKIP
    """

    def __init__(
        self,
        loss: nn.Module,
        *,
        weight: float = 30.0,
        train_size: int | None = None,
        within_view: bool = False,
    ) -> None:
        super().__init__(loss, weight=weight)
        if train_size is not None and train_size < 2:
            raise TrainingError(f"train_size is {train_size}; at least 2 pairs have a negative.")
        self.delta = 0.0 if train_size is None else -1.0 / (train_size - 1)
        self.within_view = within_view

    def term(self, embeddings: Sequence[Tensor], texts: Sequence[Texts]) -> Tensor:
        """Mean squared distance of the negative pairs' cosines from delta; 0 where there is no such pair."""
        sides = [(scaled(embeddings[i], 0.0), texts[i].digests) for i in (0, 1)]
        pairs = [(0, 1), (0, 0), (1, 1)] if self.within_view else [(0, 1)]
        # a pair is no negative where its queries or its documents are equal
        same = torch.stack([digests[:, None] == digests[None, :] for _, digests in sides]).any(dim=0)
        with torch.autocast(embeddings[0].device.type, enabled=False):
            squares = [(sides[a][0] @ sides[b][0].T - self.delta) ** 2 for a, b in pairs]
        count = len(squares) * int((~same).sum())
        return torch.stack(squares).masked_fill(same, 0.0).sum() / max(1, count)

    def get_config_dict(self) -> dict[str, object]:
        """What the model card says of the loss."""
        return {"loss": type(self.loss).__name__, "weight": self.weight, "delta": self.delta}

"""What a loss that adds a term to another loss needs of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.embedding_loss import EmbeddingLoss
from norm_aware.losses.texts import Texts


class AuxiliaryLoss(EmbeddingLoss):
    """Another loss plus a weighted term of the same embeddings.

    Args:
        loss: one of ours, or one of sentence-transformers' that computes from embeddings, as
            `MultipleNegativesRankingLoss` and `CoSENTLoss` do; those that embed by themselves cannot
            share their embeddings with another term.
        weight: of the term.

    Raises:
        TrainingError: for a loss that does not compute from embeddings, or a negative weight.
    """

    def __init__(self, loss: nn.Module, *, weight: float) -> None:
        if not hasattr(loss, "compute_loss_from_embeddings") and not isinstance(loss, EmbeddingLoss):
            raise TrainingError(
                f"{type(loss).__name__} embeds texts by itself, so no term can be added to it; wrap "
                "InfoNCELoss (which has a gradient cache too) or a loss with compute_loss_from_embeddings."
            )
        if weight < 0:
            raise TrainingError(f"The weight is {weight}; a number of at least 0 is needed.")
        model: Any = loss.model
        mini_batch_size = loss.mini_batch_size if isinstance(loss, EmbeddingLoss) else None
        super().__init__(model, mini_batch_size=mini_batch_size)
        self.loss = loss
        self.weight = weight

    def read(self, features: Sequence[dict[str, Any]]) -> list[Texts]:
        """What the main loss must know of the texts."""
        return self.loss.read(features) if isinstance(self.loss, EmbeddingLoss) else super().read(features)

    def compute(self, embeddings: Sequence[Tensor], texts: Sequence[Texts], labels: Tensor | None) -> Tensor:
        """The main loss plus `weight` times the term."""
        return _main(self.loss, embeddings, texts, labels) + self.weight * self.term(embeddings, texts)

    @abstractmethod
    def term(self, embeddings: Sequence[Tensor], texts: Sequence[Texts]) -> Tensor:
        """The added term before its weight, a scalar."""


def _main(loss: Any, embeddings: Sequence[Tensor], texts: Sequence[Texts], labels: Tensor | None) -> Tensor:
    if isinstance(loss, EmbeddingLoss):
        return loss.compute(embeddings, texts, labels)
    found: Tensor = loss.compute_loss_from_embeddings(list(embeddings), labels)
    return found

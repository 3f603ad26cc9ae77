"""What all losses here share: embed a batch's columns, at once or with a gradient cache, and compute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.losses.gradcache import CachedLossMixin, has_static_embedding_input
from sentence_transformers.base.losses.merged_forward import embed_columns
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.learned import add_gradient
from norm_aware.losses.texts import Texts, read_texts


class EmbeddingLoss(nn.Module, ABC):
    """A loss over the embeddings of a batch, on sentence-transformers' contract.

    Args:
        model: what is trained.
        mini_batch_size: texts embedded at once, with a gradient cache (GradCache, Gao et al. 2021,
            arXiv:2101.06983): the same loss and gradients as without, in the memory of a small batch and
            for about a fifth more time. None embeds the whole batch at once.

    Raises:
        TrainingError: when the mini-batch's size is below 1, or the model is a static encoder.
    """

    def __init__(self, model: SentenceTransformer, *, mini_batch_size: int | None = None) -> None:
        super().__init__()
        if mini_batch_size is not None and mini_batch_size < 1:
            raise TrainingError(f"mini_batch_size is {mini_batch_size}; at least 1 text is needed.")
        if mini_batch_size is not None and has_static_embedding_input(model):
            raise TrainingError(
                "A static encoder's batch is one row of tokens, which no gradient cache can split; leave "
                "mini_batch_size out: such a batch takes little memory."
            )
        self.model = model
        self.mini_batch_size = mini_batch_size

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """The loss of a batch.

        Args:
            sentence_features: the tokenizer's features of each column: queries, their relevant documents,
                then any number of columns of hard negatives.
            labels: what the dataset's label column holds; used by a wrapped loss that needs it.

        Returns:
            A scalar.

        Raises:
            TrainingError: when there are fewer than two columns.
        """
        features = list(sentence_features)
        if len(features) < 2:
            raise TrainingError(f"A batch has {len(features)} columns; queries and documents are needed.")
        texts = self.read(features)
        if self.mini_batch_size is None:
            return self.compute(embed_columns(self.model, features), texts, labels)
        return _GradientCache(self, texts, labels, self.mini_batch_size).forward(features)

    def read(self, features: Sequence[dict[str, Any]]) -> list[Texts]:
        """What the loss must know of the texts of each column, before the model changes the features."""
        return [read_texts(column) for column in features]

    @abstractmethod
    def compute(self, embeddings: Sequence[Tensor], texts: Sequence[Texts], labels: Tensor | None) -> Tensor:
        """The loss, from the embeddings of each column; shapes (n, dimension)."""


class _GradientCache(CachedLossMixin):
    """sentence-transformers' gradient cache around one batch of a loss."""

    def __init__(
        self, loss: EmbeddingLoss, texts: Sequence[Texts], labels: Tensor | None, mini_batch_size: int
    ) -> None:
        self.model = loss.model
        self.mini_batch_size = mini_batch_size
        self._loss, self._texts, self._labels = loss, texts, labels
        of_model = {id(parameter) for parameter in loss.model.parameters()}
        self._own = [p for p in loss.parameters() if p.requires_grad and id(p) not in of_model]
        self._gradients: list[Tensor | None] = []

    def forward(self, features: list[dict[str, Any]]) -> Tensor:
        loss: Tensor = self.forward_cached(features)
        if loss.requires_grad and self._gradients:
            loss.register_hook(self._add_own)  # type: ignore[no-untyped-call]
        return loss

    def calculate_loss(
        self, reps: list[list[Tensor]], labels: Tensor | None = None, *, with_backward: bool = False
    ) -> Tensor:
        loss = self._loss.compute([torch.cat(column) for column in reps], self._texts, self._labels)
        if not with_backward:
            return loss
        leaves = [part for column in reps for part in column]
        found = torch.autograd.grad(loss, [*leaves, *self._own], allow_unused=True)
        for leaf, gradient in zip(leaves, found, strict=False):
            leaf.grad = torch.zeros_like(leaf) if gradient is None else gradient
        self._gradients = list(found[len(leaves) :])
        return loss.detach()

    def _add_own(self, factor: Tensor) -> None:
        """Gradients of the loss's own parameters, when the outer backward pass says by how much."""
        for parameter, gradient in zip(self._own, self._gradients, strict=True):
            if gradient is not None:
                add_gradient(parameter, gradient * factor)

"""The power family as a torch module, with powers that are fixed, set from outside, or learned."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.learned import learned
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import PowerSimilarity, Similarity

LEARNABLE = "learnable"
"""Name of the similarity whose powers are learned on both sides."""

_SHORTEST = 1e-12  # below it a vector has no direction in float32


class TrainableSimilarity(nn.Module):
    """`cosine * query_norm**query_power * document_norm**document_power`, differentiable in all of it.

    In Feng & Watanabe (arXiv:2602.09229, eqs. 3 to 7 and 20) gamma is `1 - power`: gamma of (1, 1) is
    cosine, (0, 0) dot, (1, 0) their QNorm (the query is normalised), (0, 1) their DNorm. A learned power
    is `sigmoid` of a free parameter, so that gamma stays between 0 and 1, and starts at .5 as theirs does.

    Args:
        similarity: a member of the power family or its name, or `learnable`, which learns both powers.
        learn_query: learns the query's power, from .5.
        learn_document: learns the document's power, from .5.

    Raises:
        TrainingError: for a similarity outside the power family.

    Example:
        >>> from norm_aware.losses import TrainableSimilarity
        >>> similarity = TrainableSimilarity("query_normalized")
        >>> similarity(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])).item()  # .8 * 2
        1.600000023841858
    """

    def __init__(
        self,
        similarity: str | Similarity = "cosine",
        *,
        learn_query: bool = False,
        learn_document: bool = False,
    ) -> None:
        super().__init__()
        if similarity == LEARNABLE:
            similarity, learn_query, learn_document = "cosine", True, True
        fixed = parse_similarity(similarity)
        if not isinstance(fixed, PowerSimilarity):
            raise TrainingError(
                f"{fixed} is not in the power family; train with cosine, dot, query_normalized, "
                f"document_normalized, document_power=NUMBER or {LEARNABLE}."
            )
        self._query = _power(fixed.query_power, learned=learn_query)
        self._document = _power(fixed.document_power, learned=learn_document)

    @property
    def powers(self) -> tuple[Tensor, Tensor]:
        """The query's and the document's power now, scalars that carry gradients where they are learned."""
        return _value(self._query), _value(self._document)

    @property
    def similarity(self) -> PowerSimilarity:
        """The similarity as it is now, to search and measure with."""
        query, document = (power.item() for power in self.powers)
        return PowerSimilarity(query_power=query, document_power=document)

    def set_powers(self, *, query: float, document: float) -> None:
        """Change both powers, as a schedule does.

        Raises:
            TrainingError: when a power is learned, so that nobody else may set it.
        """
        for module, value in ((self._query, query), (self._document, document)):
            if isinstance(module, _Learned):
                raise TrainingError("A power that is learned cannot be set; fix it, or leave it to training.")
            cast("Tensor", module.value).fill_(value)

    def forward(self, queries: Tensor, documents: Tensor) -> Tensor:
        """Score every query with every document, in float32 whatever the model computes in.

        Args:
            queries: raw embeddings, shape (queries, dimension).
            documents: raw embeddings, shape (documents, dimension).

        Returns:
            `scores[i, j]` of query i and document j, shape (queries, documents); 0 where either is a zero
            vector, which then has no gradient.
        """
        query_power, document_power = self.powers
        with torch.autocast(queries.device.type, enabled=False):
            return scaled(queries, query_power) @ scaled(documents, document_power).T


def scaled(embeddings: Tensor, power: Tensor | float) -> Tensor:
    """Embeddings along the same directions whose lengths are their norms to a power; float32 at least.

    Args:
        embeddings: shape (n, dimension).
        power: 0 makes unit vectors, 1 leaves them as they are.

    Returns:
        Shape (n, dimension); a zero vector stays one.
    """
    embeddings = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
    norms = torch.linalg.vector_norm(embeddings, dim=-1, keepdim=True)
    known = norms > _SHORTEST
    # the power of a safe number: a where alone would pass the infinite gradient of 0 ** -1 on
    factors = torch.where(known, norms, 1.0) ** (power - 1)
    return embeddings * torch.where(known, factors, 0.0)


class _Fixed(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.tensor(value, dtype=torch.float32))


class _Learned(nn.Module):
    def __init__(self, start: float) -> None:
        super().__init__()
        self.logit = learned(math.log(start / (1 - start)))


def _power(value: float, *, learned: bool) -> _Fixed | _Learned:
    return _Learned(0.5) if learned else _Fixed(value)


def _value(module: _Fixed | _Learned) -> Tensor:
    return torch.sigmoid(module.logit) if isinstance(module, _Learned) else cast("Tensor", module.value)

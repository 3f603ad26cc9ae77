"""The auxiliary term that keeps norms in bounds, and apart from what they must not stand for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.auxiliary import AuxiliaryLoss
from norm_aware.losses.texts import Texts
from norm_aware.losses.trainable_similarity import scaled

_SHORTEST = 1e-12


class NormRegularizer(AuxiliaryLoss):
    """Another loss plus penalties on the documents' norms.

    With `l = log norm` over the batch's documents, the term is

    - `level * (mean(l) - log(target))**2`, against collapse and blow-up: a loss that sees norms can lower
      itself by shrinking or growing all of them, which changes its temperature and ranks nothing anew;
    - `spread * max(0, std(l) - largest_spread)**2`, against a few documents that win everything;
    - `length * corr(l, log tokens)**2`, against norms that stand for text length, the main confounder;
    - `angle * corr(l_q + l_d, cos(q, d))**2` over all pairs, against norms entangled with the angle, as
      training by dot from the start makes them (PACE 2026 finds -.78).

    Args:
        loss: the main loss, see `AuxiliaryLoss`.
        target: norm that the geometric mean is drawn to; None takes the first batch's.
        level: weight of the first penalty.
        spread: weight of the second.
        length: weight of the third; 0 leaves it out.
        angle: weight of the fourth; 0 leaves it out.
        largest_spread: standard deviation of `l` that is free.

    Requirements:
        Columns as the main loss needs them; zero vectors are not looked at.

    Relations:
        For cosine it changes nothing that ranks. `NegativeVarianceLoss` acts on angles alone, this on norms
        alone but for the fourth penalty; one may wrap the other.

    Raises:
        TrainingError: for a weight, a spread or a target that is out of range.

    Example:
        >>> NormRegularizer(InfoNCELoss(model, "dot"), length=1.0)  # doctest: +SKIP
    """

    def __init__(
        self,
        loss: nn.Module,
        *,
        target: float | None = None,
        level: float = 0.1,
        spread: float = 0.1,
        length: float = 0.0,
        angle: float = 0.0,
        largest_spread: float = 1.0,
    ) -> None:
        super().__init__(loss, weight=1.0)
        weights = {"level": level, "spread": spread, "length": length, "angle": angle}
        for name, value in {**weights, "largest_spread": largest_spread}.items():
            if not 0 <= value < math.inf:
                raise TrainingError(f"{name} is {value}; a number of at least 0 is needed.")
        if target is not None and not 0 < target < math.inf:
            raise TrainingError(f"The target is {target}; a norm above 0 is needed.")
        self.weights = weights
        self.largest_spread = largest_spread
        self.register_buffer("log_target", torch.tensor(math.nan if target is None else math.log(target)))
        self.log_target: Tensor

    def term(self, embeddings: Sequence[Tensor], texts: Sequence[Texts]) -> Tensor:
        """The sum of the weighted penalties; 0 for a batch of zero vectors."""
        queries, documents = embeddings[0], torch.cat(list(embeddings[1:]))
        tokens = torch.cat([column.lengths for column in texts[1:]])
        logs, known = _log_norms(documents)
        if not bool(known.any()):
            return documents.sum() * 0.0
        of_known = logs[known]
        if torch.isnan(self.log_target):
            self.log_target.copy_(of_known.detach().mean())
        total = self.weights["level"] * (of_known.mean() - self.log_target) ** 2
        if len(of_known) > 1 and self.weights["spread"]:
            excess = torch.relu(of_known.std() - self.largest_spread)
            total = total + self.weights["spread"] * excess**2
        if self.weights["length"]:
            lengths = tokens[known].clamp(min=1).to(of_known.dtype).log()
            total = total + self.weights["length"] * correlation(of_known, lengths) ** 2
        if self.weights["angle"]:
            total = total + self.weights["angle"] * self._entanglement(queries, documents) ** 2
        return total

    def get_config_dict(self) -> dict[str, object]:
        """What the model card says of the loss."""
        return {"loss": type(self.loss).__name__, **self.weights, "largest_spread": self.largest_spread}

    def _entanglement(self, queries: Tensor, documents: Tensor) -> Tensor:
        of_queries, some = _log_norms(queries)
        of_documents, others = _log_norms(documents)
        with torch.autocast(queries.device.type, enabled=False):
            cosines = scaled(queries, 0.0) @ scaled(documents, 0.0).T
        both = some[:, None] & others[None, :]
        return correlation((of_queries[:, None] + of_documents[None, :])[both], cosines[both])


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation, differentiable; 0 where either side has no spread.

    Args:
        first: shape (n,).
        second: shape (n,).
    """
    a, b = first - first.mean(), second - second.mean()
    energy = (a * a).sum() * (b * b).sum()
    if not bool(energy > _SHORTEST):
        return (a * b).sum() * 0.0
    return (a * b).sum() / energy.sqrt()


def _log_norms(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """Log norm of each embedding, shape (n,), and where it has one; 0 with no gradient elsewhere."""
    embeddings = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
    squares = (embeddings * embeddings).sum(dim=-1)
    known = squares > _SHORTEST**2
    return 0.5 * torch.where(known, squares, 1.0).log(), known

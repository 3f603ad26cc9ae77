"""The contrastive loss of retrieval, with either side normalised or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import all_gather, all_gather_with_grad, get_rank
from torch import Tensor, nn

from norm_aware.errors import TrainingError
from norm_aware.losses.anti_hubness import AntiHubnessLength
from norm_aware.losses.embedding_loss import EmbeddingLoss
from norm_aware.losses.guide import Guide, Kind
from norm_aware.losses.learned import learned
from norm_aware.losses.texts import Texts
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from norm_aware.numeric.similarity import Similarity

LARGEST_SCALE = 100.0
"""A learned scale stays below it, as CLIP's does (Radford et al. 2021, arXiv:2103.00020)."""

GUIDE_SCALE = 20.0
"""1 / temperature of a guide's cosines where they are taught: what cosine is trained by here by default."""


class InfoNCELoss(EmbeddingLoss):
    """Cross-entropy of picking each query's document among all documents of the batch.

    `loss_i = -log( exp(scale * s(q_i, d_i)) / sum_j exp(scale * s(q_i, d_j)) )`, the mean over queries
    (van den Oord et al. 2018, arXiv:1807.03748; eq. 2 of Feng & Watanabe, arXiv:2602.09229, who train each
    member of the power family with it and scale 20).

    The documents j are every query's relevant document and every mined hard negative in the batch. Left out
    of the sum are those known to be no negatives: texts equal to the query's relevant document, and the
    relevant documents of an equal query; and, with a guide, every document that the guide's cosine puts above
    the query's relevant document less a margin (GISTEmbed, Solatorio 2024, arXiv:2402.16829).

    With `distillation`, a share of what each query is to pick goes over the same documents as the guide's
    cosines spread it, `t_ij = softmax_j(GUIDE_SCALE * cos(i, j))`, and the guide leaves none out:
    `(1 - share) * loss_i - share * sum_j t_ij log p_ij` (Hinton et al. 2015, arXiv:1503.02531; among in-batch
    documents Lin et al. 2020, arXiv:2010.11386).

    Args:
        model: what is trained. Its `Normalize` module, if it has one, must be removed before, unless the
            similarity is cosine: `RawEmbedding` and the recipes do so.
        similarity: a member of the power family or its name, `learnable`, or a `TrainableSimilarity`.
        scale: 1 / temperature; where it is learned, what it starts at.
        learn_scale: learns the scale, below `LARGEST_SCALE`.
        gather_across_devices: takes the documents of all processes as negatives.
        mini_batch_size: texts embedded at once, with a gradient cache; None embeds the whole batch.
        guide: a frozen encoder, of any kind and tokenizer, that says which documents are likely false
            negatives; it reads the batch's own tokens where it would make the same, else decodes them.
        margin: how far below the relevant document's the guide's cosine of a negative must be; 0 leaves out
            what it puts above.
        distillation: share of the target that the guide decides, from 0 to 1.
        document_length: gives documents lengths that are no part of their embeddings, and multiplies their
            scores by them.

    Requirements:
        Columns (query, relevant document) or (query, relevant document, hard negative, ...).

    Relations:
        With `similarity="cosine"` and no equal texts in a batch it equals sentence-transformers'
        `MultipleNegativesRankingLoss`, with `mini_batch_size` its cached sibling, and with
        `similarity="dot"` the same with `dot_score`; with a guide, `GISTEmbedLoss` that contrasts neither
        queries with queries nor documents with documents. `NegativeVarianceLoss` and `NormRegularizer` add a
        term to it. Normalising the query never changes which document is ranked first; the query's norm
        acts as the inverse temperature of its own row (Feng & Watanabe, propositions 4.1 and 4.2).

    Raises:
        TrainingError: for a scale that is not above 0, a similarity outside the power family, a margin that
            is no difference of cosines or has no guide, distillation that is no share or has none or leaves
            a margin nothing to do, or a guide that cannot read the model's batches.

    Example:
        >>> from norm_aware.losses import InfoNCELoss
        >>> loss = InfoNCELoss(model, "query_normalized", scale=20.0)  # doctest: +SKIP
        >>> SentenceTransformerTrainer(model, args, train_dataset=pairs, loss=loss).train()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: SentenceTransformer,
        similarity: str | Similarity | TrainableSimilarity = "cosine",
        *,
        scale: float = 20.0,
        learn_scale: bool = False,
        gather_across_devices: bool = False,
        mini_batch_size: int | None = None,
        guide: SentenceTransformer | None = None,
        margin: float = 0.0,
        distillation: float = 0.0,
        document_length: AntiHubnessLength | None = None,
    ) -> None:
        super().__init__(model, mini_batch_size=mini_batch_size)
        if not 0 < scale < math.inf or (learn_scale and scale > LARGEST_SCALE):
            most = f" and at most {LARGEST_SCALE:g}" if learn_scale else ""
            raise TrainingError(f"The scale is {scale}; a number above 0{most} is needed, such as 20.")
        if not 0 <= margin < 2 or (margin and guide is None):
            where = "" if guide else " without a guide"
            raise TrainingError(
                f"The margin is {margin}{where}; a difference of two of a guide's cosines is needed, from 0 "
                "to below 2."
            )
        if not 0 <= distillation <= 1 or (distillation and (guide is None or margin)):
            where = " without a guide" if guide is None else f" beside a margin of {margin}" if margin else ""
            raise TrainingError(
                f"distillation is {distillation}{where}; a share of the target from 0 to 1 is needed, and "
                "with it a guide and no margin, for a guide that teaches leaves nothing out."
            )
        if not isinstance(similarity, TrainableSimilarity):
            similarity = TrainableSimilarity(similarity)
        self.similarity = similarity
        self.gather_across_devices = gather_across_devices
        self.guide = None if guide is None else Guide(model, guide)
        self.margin = margin
        self.distillation = distillation
        self.document_length = document_length
        self._log_scale = learned(math.log(scale)) if learn_scale else math.log(scale)

    @property
    def scale(self) -> float:
        """1 / temperature as it is now."""
        scale = self._scale()
        return scale if isinstance(scale, float) else scale.item()

    def read(self, features: Sequence[dict[str, Any]]) -> list[Texts]:
        """Which texts are equal and how long they are; with a guide, where it puts them."""
        texts = super().read(features)
        if self.guide is None:
            return texts
        found = []
        for i, (tokens, column) in enumerate(zip(features, texts, strict=True)):
            kind: Kind = "document" if i else "query"
            guided = self.guide.embed(tokens, column.digests, kind=kind, mini_batch_size=self.mini_batch_size)
            found.append(replace(column, guided=guided.to(column.digests.device)))
        return found

    @property
    def gamma(self) -> float | None:
        """Exponent of the document length by hubness as it is now; None without one."""
        return None if self.document_length is None else self.document_length.gamma

    def compute(
        self, embeddings: Sequence[Tensor], texts: Sequence[Texts], labels: Tensor | None = None
    ) -> Tensor:
        """The loss from the embeddings of queries, relevant documents and hard negatives.

        Args:
            embeddings: raw, one tensor of shape (n, dimension) a column.
            texts: of the same columns.
            labels: not looked at.

        Returns:
            A scalar in float32; 0 for a query that has no negative.
        """
        queries, documents = embeddings[0], list(embeddings[1:])
        known = [column.digests for column in texts]
        guided = [column.guided for column in texts if column.guided is not None]
        first = 0
        if self.gather_across_devices:
            first = get_rank() * len(queries)
            documents = [all_gather_with_grad(column) for column in documents]
            known = [all_gather(column) for column in known]
            guided = [*guided[:1], *(all_gather(column) for column in guided[1:])]
        wanted = torch.arange(first, first + len(queries), device=queries.device)
        every, digests = torch.cat(documents), torch.cat(known[1:])
        scores = self._scale() * self.similarity(queries, every)
        if self.document_length is not None:
            scores = scores * self.document_length(self.model, every, digests)
        mask = _no_negatives(known[0], known[1], digests, wanted)
        cosines = _cosines(guided[0], torch.cat(guided[1:])) if guided else None
        if cosines is not None and not self.distillation:
            mask |= _above_relevant(cosines, wanted, self.margin)
        shares = scores.masked_fill(mask, -torch.inf).log_softmax(dim=1)
        loss = nn.functional.nll_loss(shares, wanted)
        if cosines is None or not self.distillation:
            return loss
        targets = (GUIDE_SCALE * cosines).masked_fill(mask, -torch.inf).softmax(dim=1)
        taught = -(targets * shares.masked_fill(mask, 0.0)).sum(dim=1).mean()
        return loss.lerp(taught, self.distillation)

    def get_config_dict(self) -> dict[str, object]:
        """What the model card says of the loss."""
        return {
            "similarity": self.similarity.similarity.name,
            "scale": self.scale,
            "anti_hubness": self.gamma,
            "gather_across_devices": self.gather_across_devices,
            "mini_batch_size": self.mini_batch_size,
            "guide": None if self.guide is None else self.guide.name,
            "margin": self.margin,
            "distillation": self.distillation,
        }

    def _scale(self) -> Tensor | float:
        if isinstance(self._log_scale, float):
            return math.exp(self._log_scale)
        return self._log_scale.exp().clamp(max=LARGEST_SCALE)


def _no_negatives(queries: Tensor, relevant: Tensor, documents: Tensor, wanted: Tensor) -> Tensor:
    """Where a document is known to be no negative of a query, shape (wanted, documents).

    Args:
        queries: digests of all queries.
        relevant: digests of their relevant documents.
        documents: digests of all documents, which begin with the relevant ones.
        wanted: position of each of this process's queries, and of its relevant document.
    """
    same_query = queries[wanted, None] == queries[None, :]
    is_relevant = relevant[:, None] == documents[None, :]
    # relevant to an equal query, of which the query itself is one
    mask = same_query.to(torch.float32) @ is_relevant.to(torch.float32) > 0
    mask[torch.arange(len(wanted), device=mask.device), wanted] = False
    return mask


def _cosines(queries: Tensor, documents: Tensor) -> Tensor:
    """Of a guide's unit vectors, shape (queries, documents), whatever precision the model computes in."""
    with torch.autocast(queries.device.type, enabled=False):
        return queries @ documents.T


def _above_relevant(cosines: Tensor, wanted: Tensor, margin: float) -> Tensor:
    """Where a guide's cosine is above the relevant document's less a margin, shape (queries, documents).

    Args:
        cosines: of the guide, of this process's queries with all documents.
        wanted: position of each query's relevant document.
        margin: in cosines.
    """
    rows = torch.arange(len(cosines), device=cosines.device)
    mask = cosines > cosines[rows, wanted, None] - margin
    mask[rows, wanted] = False
    return mask

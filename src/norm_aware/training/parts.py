"""What a training adds to an encoder, and what of the encoder it leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentence_transformers import SentenceTransformer

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import LEARNABLE
from norm_aware.norm_head import NormHead
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE

if TYPE_CHECKING:
    from norm_aware.training.options import TrainingOptions


def check_parts(options: TrainingOptions, similarity: str) -> None:
    """Refuse parts that would learn nothing.

    Raises:
        TrainingError: for a norm head under cosine, or a frozen encoder beside which nothing is learned.
    """
    learnable = similarity == LEARNABLE
    counts = learnable or options.curriculum is not None or parse_similarity(similarity) != COSINE
    if options.norm_head and not counts:
        raise TrainingError(
            "A norm head learns nothing by cosine, in which no norm counts; train it by query_normalized."
        )
    if options.freeze_encoder and options.lora is not None:
        raise TrainingError("A frozen encoder has no use for LoRA; leave one of them out.")
    beside = options.norm_head or options.anti_hubness is not None or learnable or options.learn_scale
    if options.freeze_encoder and not beside:
        raise TrainingError(
            "The encoder is frozen and nothing else is to be learned; add norm_head, anti_hubness or "
            "learn_scale, or do not freeze it."
        )


def add_parts(model: SentenceTransformer, options: TrainingOptions) -> None:
    """Append a `NormHead` where one is wanted and the model has none, and freeze the rest where it is to be.

    Raises:
        TrainingError: when the model does not say how many numbers an embedding has.
    """
    if options.norm_head and not isinstance(model[-1], NormHead):
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise TrainingError(
                "The base does not say how many numbers an embedding has, which a norm head needs; end it "
                "in a Pooling or a Dense module."
            )
        model.append(NormHead(dimension).to(model.device))
    if options.freeze_encoder:
        for module in model:
            module.requires_grad_(isinstance(module, NormHead))

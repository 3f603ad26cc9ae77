"""What a training adds to an encoder, and what of the encoder it leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentence_transformers import SentenceTransformer
from torch import nn

from norm_aware.errors import TrainingError
from norm_aware.losses.trainable_similarity import LEARNABLE, TrainableSimilarity
from norm_aware.norm_head import NormHead

if TYPE_CHECKING:
    from norm_aware.training.options import TrainingOptions


def check_parts(options: TrainingOptions, similarity: str) -> None:
    """Refuse parts that would learn nothing.

    Raises:
        TrainingError: for a similarity outside the power family, learned powers that a curriculum sets, a
            norm head where no document's norm ever counts, or a frozen encoder beside which nothing is
            learned.
    """
    TrainableSimilarity(similarity)  # a name it does not know is refused here
    learnable = similarity == LEARNABLE
    if learnable and options.curriculum is not None:
        raise TrainingError(
            f"A curriculum sets the powers that {LEARNABLE} would learn; give the curriculum's end as the "
            "similarity, or leave the curriculum out."
        )
    if options.norm_head and not _counts(options, similarity):
        raise TrainingError(
            "A norm head learns no length of documents where their norm never counts, as by cosine; train it "
            "by query_normalized."
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
            if not isinstance(module, NormHead):
                module.requires_grad_(False)
                # the trainer puts the whole model into training mode at every step, and dropout with it
                module.register_forward_pre_hook(_evaluate)


def _evaluate(module: nn.Module, _: Any) -> None:
    module.eval()


def _counts(options: TrainingOptions, similarity: str) -> bool:
    """Whether a document's norm counts at any step."""
    curriculum = options.curriculum
    names = [similarity] if curriculum is None else [curriculum.start, curriculum.end]
    return any(TrainableSimilarity(name).similarity.document_power for name in names)

"""How a model is trained, beside by which similarity."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from norm_aware.calibration.corpus import BANK
from norm_aware.errors import TrainingError
from norm_aware.losses.info_nce import LARGEST_SCALE
from norm_aware.numeric.hubness_norm import MAX_GAMMA
from norm_aware.training.curriculum import Curriculum


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a model is trained.

    Attributes:
        epochs: times over the pairs.
        batch_size: pairs a step.
        learning_rate: the largest, decayed by a cosine; None takes .01 for a static table and where the
            encoder is frozen, .0002 for LoRA and .00002 for all weights.
        warmup: share of the steps in which it rises.
        scale: 1 / temperature, or where it starts.
        learn_scale: learns it.
        mini_batch_size: texts embedded at once, with a gradient cache; None embeds the whole batch.
        lora: rank of low-rank adapters; None trains all weights.
        curriculum: a schedule of the normalisation, in place of a fixed similarity.
        negative_variance: weight of `NegativeVarianceLoss`; 0 leaves it out.
        norm_length: weight of `NormRegularizer`'s penalty on norms that stand for text length; 0 leaves
            the regularizer out.
        evaluations: times the sets are measured during training, and checkpoints written.
        patience: evaluations without a gain after which training stops; None never stops early.
        seed: of the order of the pairs and whatever the model draws.
        device: torch device; None lets sentence-transformers choose.
        match_scale: divides the scale by what the norms that count are on average at the start, so that every
            similarity starts at the temperature that `scale` is for cosine. Without it norms of 14 on both
            sides make 200 times the scores of cosine, as in Feng & Watanabe, who take 20 for all.
        bf16: computes in bfloat16 where precision allows, weights in float32.
        hard_negatives: documents mined for each pair by the base, see `mine`; 0 mines none.
        guide: `base`, or what `open_base` takes: a frozen encoder whose cosine tells likely false negatives,
            which are left out; None leaves none out but equal texts.
        distillation: share of the target that the guide's cosines decide, see `InfoNCELoss`; above 0 it needs
            a guide, which then leaves none out.
        by_source: makes batches of one source each, so that negatives are of the same kind; under several
            processes each has its own.
        anti_hubness: where the exponent of a document length by hubness starts, which is learned with the
            model (`AntiHubnessLength`); None leaves such a length out.
        spans: pseudo-queries that hubness is measured with, in training and on the sets. More say it more
            exactly where a corpus is large, and an eighth of them is embedded at every step.
        norm_head: appends a `NormHead`, so that norms start at 1 and are learned beside directions.
        freeze_encoder: trains the norm head, and what the loss learns, alone; the encoder's dropout is off.

    Raises:
        TrainingError: for a number that is out of range, before anything is loaded.
    """

    epochs: float = 3.0
    batch_size: int = 128
    learning_rate: float | None = None
    warmup: float = 0.05
    scale: float = 20.0
    learn_scale: bool = False
    mini_batch_size: int | None = None
    lora: int | None = None
    curriculum: Curriculum | None = None
    negative_variance: float = 0.0
    norm_length: float = 0.0
    evaluations: int = 5
    patience: int | None = None
    seed: int = 0
    device: str | None = None
    match_scale: bool = False
    bf16: bool = False
    hard_negatives: int = 0
    guide: str | None = None
    distillation: float = 0.0
    by_source: bool = False
    anti_hubness: float | None = None
    spans: int = BANK
    norm_head: bool = False
    freeze_encoder: bool = False

    @property
    def chosen(self) -> dict[str, Any]:
        """What differs from the defaults: an option of a later version changes nothing about it."""
        plain = asdict(TrainingOptions())
        return {name: value for name, value in asdict(self).items() if value != plain[name]}

    def __post_init__(self) -> None:
        counts = ("batch_size", "mini_batch_size", "lora", "evaluations", "patience", "spans")
        for name, least in {**dict.fromkeys(counts, 1), "hard_negatives": 0, "seed": 0}.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise TrainingError(f"{name} is {value}; at least {least} is needed.")
        for name in ("epochs", "learning_rate", "scale"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise TrainingError(f"{name} is {value}; a number above 0 is needed.")
        for name in ("negative_variance", "norm_length"):
            if not 0 <= getattr(self, name) < math.inf:
                raise TrainingError(f"{name} is {getattr(self, name)}; a weight of at least 0 is needed.")
        if not 0 <= self.distillation <= 1 or (self.distillation and self.guide is None):
            where = "" if self.guide else " without a guide"
            raise TrainingError(
                f"distillation is {self.distillation}{where}; a share of the target from 0 to 1 is needed, "
                "and a guide that decides it."
            )
        if not 0 <= self.warmup <= 1:
            raise TrainingError(f"warmup is {self.warmup}; a share of the steps is needed, from 0 to 1.")
        if self.learn_scale and self.scale > LARGEST_SCALE and not self.match_scale:
            raise TrainingError(
                f"The scale is {self.scale} and learned; a number above 0 and at most {LARGEST_SCALE:g} is "
                "needed, such as 20."
            )
        if self.anti_hubness is not None and not 0 < self.anti_hubness < MAX_GAMMA:
            raise TrainingError(
                f"anti_hubness is {self.anti_hubness}; a number above 0 and below {MAX_GAMMA} is needed, "
                "such as 0.3."
            )

"""One recipe: pairs, a base and a similarity in; an ordinary sentence-transformers model out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments
from transformers import EarlyStoppingCallback, PrinterCallback, set_seed

from norm_aware.errors import TrainingError
from norm_aware.losses.embedding_loss import EmbeddingLoss
from norm_aware.losses.info_nce import InfoNCELoss
from norm_aware.losses.negative_variance import NegativeVarianceLoss
from norm_aware.losses.norm_regularizer import NormRegularizer
from norm_aware.losses.trainable_similarity import TrainableSimilarity
from norm_aware.model_record import write_record
from norm_aware.numeric.similarity import PowerSimilarity
from norm_aware.training.base import merge_lora, open_base
from norm_aware.training.curriculum import CurriculumCallback
from norm_aware.training.document_length import cut_bank, lengths_of
from norm_aware.training.evaluation import JudgedTexts, SimilarityEvaluator, embed_texts
from norm_aware.training.extra import require_training
from norm_aware.training.identity import identify, last_checkpoint, write_identity
from norm_aware.training.mining import mine
from norm_aware.training.model_card import keep_texts_out, name_in_card
from norm_aware.training.options import TrainingOptions
from norm_aware.training.pairs import Pair, as_dataset, by_source, check_pairs, count_batches
from norm_aware.training.parts import add_parts, check_parts
from norm_aware.training.prompts import column_prompts
from norm_aware.training.state import LossState
from norm_aware.whole_file import write_whole

BASE = "base"
"""Names the untrained base as a guide."""

_SAMPLED = 256  # pairs whose norms set a matched scale
_RATES = {"frozen": 1e-2, "static": 1e-2, "lora": 2e-4, "full": 2e-5}
_GAMMA_RATE = 1e-2  # one number, which a whole encoder's rate would leave where it starts


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and how it came about.

    Attributes:
        model: the best checkpoint where sets were given, else the last.
        similarity: what it was trained by, as it ended, and is meant to be searched by.
        history: what was logged: loss, powers, scale, nDCG@10 under each similarity, by step.
        gamma: exponent of the anti-hubness norm it was trained with, as it ended; None without one.
        learning_rate: the largest.
    """

    model: SentenceTransformer
    similarity: PowerSimilarity
    history: list[dict[str, Any]] = field(repr=False)
    gamma: float | None = None
    learning_rate: float | None = None


def train(
    pairs: Sequence[Pair],
    base: str,
    *,
    similarity: str = "cosine",
    out: Path,
    sets: Sequence[JudgedTexts] = (),
    options: TrainingOptions | None = None,
) -> Trained:
    """Train an encoder contrastively, by any member of the power family.

    Started again with the same `out` and all else as it was, it goes on at the last checkpoint; the device
    and `mini_batch_size` may differ. The model's own prompts stand before queries and documents. Under
    `accelerate launch` or `torchrun` every process takes its share.

    Args:
        pairs: what to learn from.
        base: `wordllama`, a name on the hub or a path.
        similarity: a member of the power family, or `learnable`; a curriculum's end where there is one.
        out: folder for checkpoints, `history.jsonl` and the model, an ordinary sentence-transformers folder
            whose card and `norm_aware.json` name the similarity.
        sets: judged sets to measure on, under each similarity; the mean under the own one chooses the
            checkpoint that is kept.
        options: how to train.

    Raises:
        TrainingError: for options that cannot be, fewer than two pairs, or checkpoints of another training.
        DatasetError: for pairs that have more hard negatives than others, or nothing to be told from.
        MissingExtraError: when what training needs is not installed.
    """
    options = options or TrainingOptions()
    require_training(lora=options.lora is not None)
    if len(pairs) < 2:
        raise TrainingError(
            f"{len(pairs)} pairs were given; at least 2 are needed, for each is the other's negative."
        )
    check_parts(options, similarity)
    check_pairs(pairs, one_source=options.by_source, mined=options.hard_negatives > 0)
    identity = identify(pairs, base, similarity=similarity, sets=sets, options=options)
    last = last_checkpoint(out, identity)
    set_seed(options.seed)  # adapters start at random
    model = open_base(base, lora=options.lora, device=options.device)
    add_parts(model, options)
    start = options.curriculum.start if options.curriculum else similarity
    main = InfoNCELoss(
        model,
        start,
        scale=matched_scale(model, pairs, start, options.scale) if options.match_scale else options.scale,
        learn_scale=options.learn_scale,
        mini_batch_size=options.mini_batch_size,
        guide=_guide(base, options),
        distillation=options.distillation,
    )
    drawn = None
    if options.hard_negatives:  # the dear part, once all else is known to fit
        mined = mine(pairs, model, count=options.hard_negatives, seed=options.seed)
        pairs, drawn = mined.pairs, mined.drawn
    dataset = by_source(pairs) if options.by_source else as_dataset(pairs)
    if options.anti_hubness is not None:
        main.document_length = cut_bank(
            model, pairs, gamma=options.anti_hubness, spans=options.spans, seed=options.seed
        )
    length = main.document_length
    loss = _with_terms(main, options, train_size=len(pairs))
    state = LossState(main)
    callbacks: list[Any] = [state]
    if options.curriculum is not None:
        callbacks.append(CurriculumCallback(options.curriculum, main.similarity))
    if options.patience is not None and sets:
        callbacks.append(EarlyStoppingCallback(options.patience))
    batches = count_batches(dataset, options.batch_size)
    lengths = lengths_of(length, spans=options.spans) if length else None
    evaluator = SimilarityEvaluator(sets, lambda: main.similarity.similarity, lengths=lengths)
    prompts = column_prompts(model, dataset)
    arguments = _arguments(model, options, out, batches=batches, measured=bool(sets), prompts=prompts)
    trainer = SentenceTransformerTrainer(
        model,
        arguments,
        train_dataset=dataset,
        loss=loss,
        evaluator=evaluator if sets else None,
        callbacks=callbacks,
    )
    keep_texts_out(model)
    trainer.remove_callback(PrinterCallback)  # what is logged is in the history
    if trainer.is_world_process_zero():
        write_identity(out, identity)
    trainer.train(resume_from_checkpoint=last)
    state.restore(trainer.state.best_model_checkpoint)
    if options.lora is not None:
        merge_lora(model)
    found, gamma = main.similarity.similarity, main.gamma
    if trainer.is_world_process_zero():
        notes = {
            "base": base,
            "pairs": len(pairs),
            "similarity": similarity,
            "scale": main.scale,
            "hard_negatives_drawn": drawn,
            **asdict(options),
        }
        save(model, found, out / "model", notes, anti_hubness=gamma)
        lines = [json.dumps(row, default=str) for row in state.history]
        write_whole(out / "history.jsonl", "".join(f"{line}\n" for line in lines))
    return Trained(model, found, state.history, gamma, arguments.learning_rate)


def save(
    model: SentenceTransformer,
    similarity: PowerSimilarity,
    folder: Path,
    notes: dict[str, Any],
    *,
    anti_hubness: float | None = None,
) -> None:
    """Save a model with the similarity it was trained by, and the exponent of its anti-hubness norm.

    sentence-transformers knows cosine and dot alone: it is told dot where the document's norm counts in
    full, cosine else; `norm_aware.json` and the card name the similarity itself.
    """
    model.similarity_fn_name = "dot" if similarity.document_power == 1 else "cosine"
    model.save_pretrained(str(folder))
    write_record(folder, similarity, notes, anti_hubness=anti_hubness)
    name_in_card(folder, similarity)


def matched_scale(model: SentenceTransformer, pairs: Sequence[Pair], similarity: str, scale: float) -> float:
    """The scale at which a similarity's scores are, on average, as large as cosine's are at another.

    Args:
        model: whose norms count.
        pairs: the first 256 are looked at.
        similarity: by which they count.
        scale: of cosine.
    """
    powers = TrainableSimilarity(similarity).similarity
    texts = {"query": [p.query for p in pairs[:_SAMPLED]], "document": [p.document for p in pairs[:_SAMPLED]]}
    norms = {
        kind: np.linalg.norm(embed_texts(model, of, kind), axis=1)  # type: ignore[arg-type]
        for kind, of in texts.items()
    }
    factor = (norms["query"] ** powers.query_power * norms["document"] ** powers.document_power).mean()
    return scale / float(factor)


def _with_terms(main: InfoNCELoss, options: TrainingOptions, *, train_size: int) -> EmbeddingLoss:
    loss: EmbeddingLoss = main
    if options.norm_length:
        loss = NormRegularizer(loss, length=options.norm_length)
    if options.negative_variance:
        loss = NegativeVarianceLoss(loss, weight=options.negative_variance, train_size=train_size)
    return loss


def _guide(base: str, options: TrainingOptions) -> SentenceTransformer | None:
    if options.guide is None:
        return None
    return open_base(base if options.guide == BASE else options.guide, device=options.device)


def _arguments(
    model: SentenceTransformer,
    options: TrainingOptions,
    out: Path,
    *,
    batches: int,
    measured: bool,
    prompts: Any,
) -> SentenceTransformerTrainingArguments:
    kind = "static" if isinstance(model[0], StaticEmbedding) else "full" if options.lora is None else "lora"
    kind = "frozen" if options.freeze_encoder else kind
    steps = max(1, math.ceil(options.epochs * batches))
    every = max(1, steps // max(1, options.evaluations))
    return SentenceTransformerTrainingArguments(
        str(out),
        prompts=prompts,
        num_train_epochs=options.epochs,
        per_device_train_batch_size=options.batch_size,
        learning_rate=options.learning_rate or _RATES[kind],
        learning_rate_mapping={} if options.anti_hubness is None else {r"document_length\.": _GAMMA_RATE},
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(options.warmup * steps),
        seed=options.seed,
        eval_strategy="steps" if measured else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=measured,
        metric_for_best_model="eval_mean_own" if measured else None,
        greater_is_better=True if measured else None,
        logging_steps=every,
        logging_first_step=True,
        report_to="none",
        use_cpu=options.device == "cpu",
        bf16=options.bf16,
        dataloader_pin_memory=False,
        disable_tqdm=True,
    )

"""The encoder that training starts from."""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformer

from norm_aware.errors import MissingExtraError, TrainingError
from norm_aware.norm_head import open_model
from norm_aware.without_normalize import without_normalize

STATIC = "wordllama"
"""Name of the packaged static table, which trains on a CPU in minutes."""

_RANK = 16


def open_base(base: str, *, lora: int | None = None, device: str | None = None) -> SentenceTransformer:
    """An encoder to train, in float32, without the `Normalize` module that would throw its norms away.

    Weights that were saved in half precision become float32: an optimizer's small steps are lost on them, or
    end in no numbers at all.

    Args:
        base: `wordllama`, the packaged static table; else a name on the Hugging Face hub or a path.
        lora: rank of low-rank adapters (Hu et al. 2021, arXiv:2106.09685) on every linear layer, the rest
            frozen; None trains all weights. `merge_lora` makes an ordinary model of it again.
        device: torch device; None lets sentence-transformers choose.

    Raises:
        TrainingError: when the model cannot be loaded, or a static table is to be trained by adapters.
        MissingExtraError: when the packaged table, or peft, is not installed.
    """
    if base == STATIC:
        from norm_aware import offline

        model = offline.static_encoder()
        if lora is not None:
            raise TrainingError("A static table has no linear layer to adapt; train it without LoRA.")
        return model
    try:
        loaded = open_model(base, device=device)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(
            f"The base {base!r} cannot be loaded ({reason}); give {STATIC!r}, a model's name on the hub, or "
            "the folder of a sentence-transformers model."
        ) from None
    modules = without_normalize(list(loaded))
    prompts = {kind: prompt for kind, prompt in loaded.prompts.items() if prompt is not None}
    model = SentenceTransformer(modules=modules, device=str(loaded.device), prompts=prompts).float()
    if lora is not None:
        _adapt(model, lora)
    return model


def merge_lora(model: SentenceTransformer) -> None:
    """Fold adapters into the weights, so that the model is saved and loaded as any other."""
    transformer: Any = model[0]
    if hasattr(transformer.auto_model, "merge_and_unload"):
        transformer.model = transformer.auto_model.merge_and_unload()


def _adapt(model: SentenceTransformer, rank: int) -> None:
    if rank < 1:
        raise TrainingError(f"LoRA's rank is {rank}; at least 1 is needed, such as {_RANK}.")
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtraError(
            'LoRA needs peft; install it with pip install "norm-aware[train]".'
        ) from error
    transformer: Any = model[0]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear")
    transformer.model = get_peft_model(transformer.auto_model, config)

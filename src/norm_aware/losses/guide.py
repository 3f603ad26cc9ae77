"""A frozen encoder that says which documents of a batch are likely no negatives of a query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from sentence_transformers.util import batch_to_device
from torch import Tensor, nn

from norm_aware.errors import TrainingError

REMEMBERED = 100_000
"""Texts a guide embeds once and then knows; of 768 numbers each a third of a gigabyte."""

Kind = Literal["query", "document"]

_KINDS: tuple[Kind, ...] = ("query", "document")
_PROBE = "Norms, 3.14 and naïve Encoders"  # shows casing, punctuation, accents and special tokens


class Guide:
    """Embeds what another model's tokenizer made of texts, each behind the guide's own prompt of its kind.

    A guide is often the dearest part of a training and never changes: the first `REMEMBERED` texts are
    embedded once, not once an epoch. It is no module of the loss that holds it, so that an optimizer and a
    checkpoint pass it by.

    Args:
        model: whose batches it reads.
        guide: what embeds them; put into evaluation mode, never trained.

    Raises:
        TrainingError: when the guide is the model itself, or the model's batches can be neither shared with
            it nor decoded for it.
    """

    def __init__(self, model: SentenceTransformer, guide: SentenceTransformer) -> None:
        if guide is model:
            raise TrainingError("The guide is the model that is trained; load it anew, so that one stays.")
        self.encoder = guide.eval()
        self.shares_tokens = _share_tokens(model, guide)
        self._tokenizer: Any = _tokenizer(model)
        if self._tokenizer is None and not self.shares_tokens:
            raise TrainingError(
                f"{type(model[0]).__name__} has no tokenizer, so its batches cannot be read by a guide; "
                "train an encoder of texts with a tokenizer, or leave the guide out."
            )
        self._memory: dict[tuple[Kind, int], Tensor] = {}
        self._decoded_prompts = {} if self.shares_tokens else self._decode_prompts(model)

    @property
    def name(self) -> str:
        """What the guide's own card calls it."""
        return str(self.encoder.model_card_data.base_model or type(self.encoder[0]).__name__)

    @torch.no_grad()
    def embed(
        self,
        features: Mapping[str, Any],
        digests: Tensor,
        *,
        kind: Kind = "document",
        mini_batch_size: int | None = None,
    ) -> Tensor:
        """Unit vectors of a batch's column, shape (n, the guide's dimension); a zero vector stays one.

        Args:
            features: the column as the trained model's tokenizer made it, before that model has seen it.
            digests: of its texts, by which they are known again, shape (n,).
            kind: of its texts.
            mini_batch_size: texts embedded at once; None embeds all, and so does a static encoder that
                shares its tokens, whose batch is one row.

        Returns:
            On the guide's device, in float32 at least.
        """
        if self.shares_tokens and "offsets" in features:  # a table is as fast as a memory of it
            return self._unit(features)
        keys = [(kind, digest) for digest in digests.tolist()]
        new = {key: row for row, key in enumerate(keys) if key not in self._memory}
        parts = [
            self._unit(part) for part in self._parts(features, list(new.values()), kind, mini_batch_size)
        ]
        found = dict(zip(new, torch.cat(parts), strict=True)) if parts else {}
        embeddings = torch.stack([found[key] if key in found else self._memory[key] for key in keys])
        for key in list(new)[: REMEMBERED - len(self._memory)]:
            self._memory[key] = found[key]
        return embeddings

    def _unit(self, features: Mapping[str, Any]) -> Tensor:
        embeddings = self.encoder(batch_to_device(dict(features), self.encoder.device))["sentence_embedding"]
        return nn.functional.normalize(embeddings.to(torch.promote_types(embeddings.dtype, torch.float32)))

    def _parts(
        self, features: Mapping[str, Any], rows: Sequence[int], kind: Kind, size: int | None
    ) -> Iterator[dict[str, Any]]:
        """What the guide reads of a column's rows, in its own features, so many texts at a time."""
        step = max(1, len(rows) if size is None else size)
        for start in range(0, len(rows), step):
            wanted = list(rows[start : start + step])
            if self.shares_tokens:
                yield {
                    key: value[wanted]
                    if isinstance(value, Tensor) and value.ndim and len(value) == len(features["input_ids"])
                    else value
                    for key, value in features.items()
                }
            else:
                texts = [self._without_prompt(text, kind) for text in self._decoded(features, wanted)]
                yield self.encoder.preprocess(texts, prompt=_prompt(self.encoder, kind))

    def _decode_prompts(self, model: SentenceTransformer) -> dict[Kind, str]:
        """The model's prompts as they read in its decoded batches."""
        prompts = {kind: prompt for kind in _KINDS if (prompt := _prompt(model, kind))}
        return {
            kind: self._decoded(model.preprocess([text]), [0])[0].rstrip() for kind, text in prompts.items()
        }

    def _without_prompt(self, text: str, kind: Kind) -> str:
        return text.removeprefix(self._decoded_prompts.get(kind, "")).lstrip()

    def _decoded(self, features: Mapping[str, Any], rows: Sequence[int]) -> list[str]:
        ids: Tensor = features["input_ids"].cpu()
        offsets, mask = features.get("offsets"), features.get("attention_mask")
        if isinstance(offsets, Tensor):
            of_texts = ids.tensor_split(offsets.cpu()[1:])
            tokens = [of_texts[row].tolist() for row in rows]
        elif isinstance(mask, Tensor):
            kept = mask.cpu().bool()
            tokens = [ids[row][kept[row]].tolist() for row in rows]
        else:
            tokens = [ids[row].tolist() for row in rows]
        decode = getattr(self._tokenizer, "decode_batch", None) or self._tokenizer.batch_decode
        texts: list[str] = decode(tokens, skip_special_tokens=True)
        return texts


def _tokenizer(model: SentenceTransformer) -> Any:
    return getattr(model[0], "tokenizer", None)


def _prompt(model: SentenceTransformer, kind: Kind) -> str | None:
    return model.prompts.get(kind) or None


def _share_tokens(model: SentenceTransformer, guide: SentenceTransformer) -> bool:
    """Whether the guide would make of a text what the model's tokenizer makes of it."""
    first, second = _tokenizer(model), _tokenizer(guide)
    if first is None or second is None or first.get_vocab() != second.get_vocab():
        return False
    if any(_prompt(model, kind) != _prompt(guide, kind) for kind in _KINDS):
        return False
    if isinstance(model[0], StaticEmbedding) != isinstance(guide[0], StaticEmbedding):
        return False
    if (guide.max_seq_length or math.inf) < (model.max_seq_length or math.inf):
        return False
    probes: list[dict[str, Any]] = [encoder.preprocess([_PROBE]) for encoder in (model, guide)]
    return torch.equal(probes[0]["input_ids"], probes[1]["input_ids"])

"""Embeddings as the encoder made them, with their length: the first door where norms are lost."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import uuid
from contextlib import nullcontext
from typing import Literal

import numpy as np
import torch
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.storage.kvstore.types import BaseKVStore
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize

from norm_aware.errors import ContractError, QueryError
from norm_aware.llamaindex.precision import Dtype, is_bfloat16
from norm_aware.model_record import recorded_similarity
from norm_aware.norm_head import open_model
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import Similarity
from norm_aware.without_normalize import without_normalize

RAW = "raw:"
"""Prefix of `model_name`, so that caches, traces and contracts tell raw embeddings from normalised ones."""

_SAMPLED = 1024  # numbers of each tensor that enter the fingerprint

Kind = Literal["query", "document"]


class RawEmbedding(BaseEmbedding):
    """Raw, float32 embeddings of a sentence-transformers model, for LlamaIndex.

    A trailing `Normalize` module is dropped: asking such a model for unnormalised output is not enough,
    it normalises all the same. Texts are encoded in batches sorted by length.

    Args:
        model_name: name on the Hugging Face hub or path of a sentence-transformers model.
        query_prompt: put before every query; None takes the model's own query prompt, if it has one.
        document_prompt: put before every document; None takes the model's own.
        batch_size: texts encoded at once.
        dtype: what documents are computed in: "float32", "bfloat16", or "auto" for bfloat16 where the
            processor is built for it. Queries, and every result, are float32.
        device: torch device; None lets sentence-transformers choose.
        max_seq_length: tokens after which a text is cut; None takes the model's own.
        trust_remote_code: whether code that comes with the model may run.
        model: a loaded model to use instead of loading `model_name`; its modules are not changed.
        fingerprint: expected fingerprint; a model of other weights is refused.
        trained_similarity: what the model was trained by, which a retriever searches by unless told
            otherwise; None takes what `norm_aware.json` says beside the weights of a model loaded by name.
        embeddings_cache: LlamaIndex key-value store; entries are kept apart by model, fingerprint and kind.
        callback_manager: LlamaIndex's.
        embed_batch_size: texts LlamaIndex hands over at once; large, so that sorting by length pays.
        num_workers: LlamaIndex's, for async batches.

    Raises:
        ContractError: when the loaded model has not the expected fingerprint.
        QueryError: when a query to embed is empty, or no similarity has the name given.
        TrainingError: when the model's `norm_aware.json` cannot be read.

    Example:
        >>> from norm_aware import RawEmbedding
        >>> embedding = RawEmbedding("sentence-transformers/multi-qa-mpnet-base-dot-v1")  # doctest: +SKIP
    """

    query_prompt: str | None = Field(default=None, description="Put before every query.")
    document_prompt: str | None = Field(default=None, description="Put before every document.")
    batch_size: int = Field(default=32, gt=0, description="Texts encoded at once.")
    dtype: Dtype = Field(default="float32", description="What documents are computed in.")
    max_seq_length: int | None = Field(default=None, description="Tokens after which a text is cut.")
    fingerprint: str = Field(description="Hash of the model's weights and the prompts.")
    trained_similarity: str | None = Field(default=None, description="Name of what it was trained by.")
    _model: SentenceTransformer = PrivateAttr()
    _dropped: bool = PrivateAttr()
    _cache: BaseKVStore | None = PrivateAttr()

    def __init__(
        self,
        model_name: str,
        *,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        batch_size: int = 32,
        dtype: Dtype = "float32",
        device: str | None = None,
        max_seq_length: int | None = None,
        trust_remote_code: bool = False,
        model: SentenceTransformer | None = None,
        fingerprint: str | None = None,
        trained_similarity: str | Similarity | None = None,
        embeddings_cache: BaseKVStore | None = None,
        callback_manager: CallbackManager | None = None,
        embed_batch_size: int = 2048,
        num_workers: int | None = None,
    ) -> None:
        name = model_name.removeprefix(RAW)
        trained = None if trained_similarity is None else parse_similarity(trained_similarity)
        if model is None:
            model = open_model(name, device=device, trust_remote_code=trust_remote_code)
            trained = trained or recorded_similarity(name)
        modules = list(model)
        if max_seq_length is not None or any(p.dtype != torch.float32 for p in model.parameters()):
            modules = copy.deepcopy(modules)  # what follows would change the caller's model
        dropped = isinstance(modules[-1], Normalize)
        modules = without_normalize(modules)
        prompts = {kind: prompt for kind, prompt in model.prompts.items() if prompt is not None}
        raw = SentenceTransformer(
            modules=modules, device=str(model.device), prompts=prompts, truncate_dim=model.truncate_dim
        )
        raw.float()
        if max_seq_length is not None:
            raw.max_seq_length = max_seq_length
        found = _fingerprint(raw, query_prompt, document_prompt)
        if fingerprint is not None and fingerprint != found:
            raise ContractError(
                f"Model {name!r} has fingerprint {found}, {fingerprint} was expected: its weights, prompts "
                "or maximum length changed. Use the model it was made with, or leave fingerprint out."
            )
        super().__init__(
            model_name=RAW + name,
            query_prompt=query_prompt,
            document_prompt=document_prompt,
            batch_size=batch_size,
            dtype=dtype,
            max_seq_length=max_seq_length,
            fingerprint=found,
            trained_similarity=None if trained is None else trained.name,
            callback_manager=callback_manager or CallbackManager(),
            embed_batch_size=embed_batch_size,
            num_workers=num_workers,
        )
        self._model = raw
        self._dropped = dropped
        # LlamaIndex would share entries between models and between queries and documents: its key is the
        # text alone, so the cache is ours to ask
        self._cache = embeddings_cache

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex serialises this class under."""
        return "RawEmbedding"

    @property
    def dropped_normalize(self) -> bool:
        """Whether the model ended in a `Normalize` module, so that its norms were never trained for use."""
        return self._dropped

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return int(self._model.get_embedding_dimension() or len(self._encode(["a"], "document")[0]))

    def _encode(self, texts: list[str], kind: Kind) -> list[list[float]]:
        prompt = self.query_prompt if kind == "query" else self.document_prompt
        encode = self._model.encode_query if kind == "query" else self._model.encode_document
        device = self._model.device.type
        bfloat16 = kind == "document" and is_bfloat16(self.dtype, device=device)
        # weights, sums and norms stay float32; only products of matrices are rounded
        with torch.autocast(device, dtype=torch.bfloat16) if bfloat16 else nullcontext():
            matrix = encode(texts, prompt=prompt, batch_size=self.batch_size, show_progress_bar=False)
        rows: list[list[float]] = np.asarray(matrix, dtype=np.float32).tolist()
        return rows

    def _embed(self, texts: list[str], kind: Kind) -> list[list[float]]:
        if self._cache is None:
            return self._encode(texts, kind)
        collection = f"{self.model_name}/{self.fingerprint}/{kind}"
        cached = [self._cache.get(key=text, collection=collection) for text in texts]
        missing = list(dict.fromkeys(t for t, entry in zip(texts, cached, strict=True) if not entry))
        fresh = dict(zip(missing, self._encode(missing, kind) if missing else [], strict=True))
        self._cache.put_all(
            [(text, {str(uuid.uuid4()): row}) for text, row in fresh.items()], collection=collection
        )
        return [
            next(iter(entry.values())) if entry else fresh[text]
            for text, entry in zip(texts, cached, strict=True)
        ]

    def _get_query_embedding(self, query: str) -> list[float]:
        if not query.strip():
            raise QueryError("The query is empty; ask something.")
        return self._embed([query], "query")[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embed([text], "document")[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embed(texts, "document")

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    def embed_queries(self, queries: list[str]) -> list[list[float]]:
        """Embed many queries at once; LlamaIndex has only one at a time.

        Raises:
            QueryError: when one of them is empty.
        """
        if not all(query.strip() for query in queries):
            raise QueryError("A query is empty; ask something.")
        return self._embed(queries, "query")


def encoder_identity(embed_model: BaseEmbedding) -> tuple[str, str]:
    """Name and fingerprint of any LlamaIndex embedding, as a contract records them.

    A `RawEmbedding` is known by its weights, another by its class and model name.
    """
    if isinstance(embed_model, RawEmbedding):
        return embed_model.model_name, embed_model.fingerprint
    name = f"{type(embed_model).__name__}:{embed_model.model_name}"
    return name, hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def trained_similarity(embed_model: BaseEmbedding) -> str | None:
    """Name of the similarity that an embedding model was trained by, where it says so."""
    return embed_model.trained_similarity if isinstance(embed_model, RawEmbedding) else None


def why_normalized(embed_model: BaseEmbedding) -> str:
    """What makes an embedding model return unit vectors, and what to change, as one sentence."""
    name = type(embed_model).__name__
    if isinstance(embed_model, RawEmbedding):
        return (
            f"{embed_model.model_name!r} is the store's encoder and keeps lengths, so another one embedded "
            "these: give the index or the pipeline the store's embed_model."
        )
    if getattr(embed_model, "normalize", False):
        return f"{name}({embed_model.model_name!r}) has the flag normalize=True; use RawEmbedding instead."
    model = getattr(embed_model, "_model", None)
    if isinstance(model, SentenceTransformer) and any(isinstance(module, Normalize) for module in model):
        return f"{embed_model.model_name!r} has a Normalize module; RawEmbedding drops it when it comes last."
    return (
        f"{name}({embed_model.model_name!r}) returns unit vectors: its model or its API normalises them, so "
        "use an encoder that keeps lengths, such as multi-qa-mpnet-base-dot-v1 in RawEmbedding."
    )


def _fingerprint(model: SentenceTransformer, *options: str | None) -> str:
    """Hash of weights (a sample of each tensor), pooling, prompts and maximum length."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr((options, model.prompts, model.max_seq_length)).encode())
    digest.update(repr([getattr(module, "get_config_dict", dict)() for module in list(model)[1:]]).encode())
    for name, tensor in model.state_dict().items():
        flat = tensor.detach().reshape(-1)
        sample = flat[:: max(1, flat.numel() // _SAMPLED)].float().cpu().numpy()
        digest.update(f"{name}{tuple(tensor.shape)}".encode() + sample.tobytes())
    return digest.hexdigest()

"""LlamaIndex's linear embedding adapter, fine-tuned on embeddings that are already made.

What LlamaIndex offers to a user with judged queries and an encoder that cannot be trained: one square matrix
for the query embeddings, fitted by its own `EmbeddingAdapterFinetuneEngine`. Needs `llama-index-finetuning`,
which is no longer maintained and imports only beside `mistralai<2`.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from numpy.typing import NDArray

from norm_aware.errors import DimensionError, QueryError

with warnings.catch_warnings():
    # at every import it says that it will get no further updates
    warnings.filterwarnings("ignore", "llama-index-finetuning is deprecated", DeprecationWarning)
    from llama_index.finetuning import EmbeddingAdapterFinetuneEngine, EmbeddingQAFinetuneDataset

THREADS = 1  # the matrices are so small that a second torch thread only waits for the first


class ReadyEmbedding(BaseEmbedding):
    """Embeddings that are already made, found by a key in place of the text: `query 3`, `document 7`."""

    _vectors: dict[str, NDArray[np.float32]] = PrivateAttr()

    def __init__(self, queries: NDArray[np.float32], documents: NDArray[np.float32]) -> None:
        super().__init__(model_name="ready-made")
        self._vectors = {f"query {i}": vector for i, vector in enumerate(queries)}
        self._vectors |= {f"document {i}": vector for i, vector in enumerate(documents)}

    def _get_text_embedding(self, text: str) -> list[float]:
        numbers: list[float] = self._vectors[text].tolist()
        return numbers

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@dataclass(frozen=True, slots=True, eq=False)
class LinearAdapter:
    """A fitted adapter.

    Args:
        weight: (dim, dim) float32 matrix.
    """

    weight: NDArray[np.float32]

    def apply(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Adapt query embeddings; documents stay as they are, and the two are compared by cosine.

        Args:
            queries: (m, dim) embeddings.

        Returns:
            (m, dim) float32 embeddings, not of unit length.
        """
        return np.asarray(queries @ self.weight.T, dtype=np.float32)


def fit_linear_adapter(
    queries: NDArray[np.float32],
    documents: NDArray[np.float32],
    pairs: Sequence[tuple[int, int]],
    *,
    epochs: int = 4,
    batch_size: int = 10,
    learning_rate: float = 2e-5,
    seed: int = 0,
) -> LinearAdapter:
    """Fine-tune LlamaIndex's linear adapter on pairs of a query and a document relevant to it.

    The defaults are those of LlamaIndex's guide "Finetuning an Adapter on Top of any Black-Box Embedding
    Model": 4 epochs (the engine's own default is 1), and of its engine: batches of 10, AdamW at 2e-5 with
    weight decay 0.01, a tenth of the steps as linear warm-up and linear decay after it, gradients clipped to
    norm 1, no bias, the identity as the start. The loss is cross-entropy of 20 times the cosine against the
    other documents of the batch. It sees no norm of either side, so raw and unit embeddings give the same
    adapter up to rounding.

    The engine shuffles nothing, so the order of the pairs is drawn from the seed, once: with a query's pairs
    next to each other, its relevant documents would be each other's negatives.

    Args:
        queries: (m, dim) float32 embeddings, raw or unit.
        documents: (n, dim) float32 embeddings, raw or unit.
        pairs: row of a query and row of a document relevant to it. A query may have several.
        epochs: passes over the pairs.
        batch_size: pairs per step; each pair's negatives are the other pairs' documents.
        learning_rate: the highest learning rate, reached when the warm-up ends.
        seed: of the order of the pairs, the one thing left to chance.

    Returns:
        The adapter. Equal arguments give equal adapters.

    Raises:
        DimensionError: when queries and documents differ in dimension.
        QueryError: when there are no pairs, or one names a row that is not there.
    """
    if queries.shape[1] != documents.shape[1]:
        raise DimensionError(
            f"The queries have {queries.shape[1]} dimensions and the documents {documents.shape[1]}; "
            "embed both with the same encoder."
        )
    if not pairs:
        raise QueryError("There are no pairs; an adapter needs queries with a relevant document each.")
    for query, document in pairs:
        if not (0 <= query < len(queries) and 0 <= document < len(documents)):
            raise QueryError(
                f"The pair ({query}, {document}) names a row that is not there: there are {len(queries)} "
                f"queries and {len(documents)} documents, counted from 0."
            )
    shuffled = [pairs[i] for i in np.random.default_rng(seed).permutation(len(pairs))]
    # an entry per pair, since the engine reads only the first relevant document of an entry
    dataset = EmbeddingQAFinetuneDataset(
        queries={str(i): f"query {query}" for i, (query, _) in enumerate(shuffled)},
        corpus={str(document): f"document {document}" for _, document in shuffled},
        relevant_docs={str(i): [str(document)] for i, (_, document) in enumerate(shuffled)},
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        # the engine writes its adapter to a folder and draws from torch's generator; neither shall be felt
        with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            engine = EmbeddingAdapterFinetuneEngine(
                dataset,
                ReadyEmbedding(queries, documents),
                batch_size=batch_size,
                epochs=epochs,
                dim=queries.shape[1],
                device="cpu",
                model_output_path=folder,
                optimizer_params={"lr": learning_rate},
                show_progress_bar=False,
            )
            engine.finetune()
    finally:
        torch.set_num_threads(threads)
    return LinearAdapter(engine.model.get_parameter("linear.weight").detach().numpy().copy())

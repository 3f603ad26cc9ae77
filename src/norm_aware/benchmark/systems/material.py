"""What a user's own retriever or reranker is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llama_index.core import VectorStoreIndex

from norm_aware.benchmark.datasets.dataset import Document


@dataclass(frozen=True, slots=True)
class Material:
    """What the factory of an import path is called with.

    Attributes:
        index: over raw vectors of every document; its nodes have the documents' ids.
        documents: by id.
        top_k: how many documents a retriever should return.

    Example:
        >>> def widely(material: Material):  # named in a plan as mymodule:widely
        ...     from norm_aware import NormAwareRetriever
        ...     return NormAwareRetriever(material.index, candidates=500, similarity_top_k=material.top_k)
    """

    index: VectorStoreIndex
    documents: Mapping[str, Document]
    top_k: int

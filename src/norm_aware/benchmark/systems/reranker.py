"""The reranker of a system, as LlamaIndex knows one."""

from __future__ import annotations

from llama_index.core.postprocessor.types import BaseNodePostprocessor

from norm_aware.benchmark.systems.import_path import is_import_path, load_import_path
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.reranker_name import as_similarity
from norm_aware.benchmark.systems.retriever import material_of
from norm_aware.benchmark.systems.system import System
from norm_aware.errors import BenchmarkError, first_line
from norm_aware.llamaindex.rerank import NormAwareRerank


def open_reranker(system: System, indexes: Indexes) -> BaseNodePostprocessor | None:
    """The reranker of a system; None where it has none.

    Raises:
        BenchmarkError: when a cross-encoder cannot be loaded, or an import path leads to no postprocessor.
    """
    if system.reranker is None:
        return None
    if is_import_path(system.reranker):
        found = load_import_path(system.reranker)
        if not isinstance(found, BaseNodePostprocessor):
            found = found(material_of(indexes))
        if not isinstance(found, BaseNodePostprocessor):
            raise BenchmarkError(
                f"{system.reranker!r} returned a {type(found).__name__}; it must return a LlamaIndex "
                "BaseNodePostprocessor."
            )
        return found
    similarity = as_similarity(system.reranker)
    if similarity is not None:
        return NormAwareRerank(similarity=similarity, top_n=system.rerank_depth)
    return _cross_encoder(system.reranker, system.rerank_depth)


def _cross_encoder(name: str, top_n: int) -> BaseNodePostprocessor:
    from llama_index.core.postprocessor import SentenceTransformerRerank

    try:
        return SentenceTransformerRerank(model=name, top_n=top_n, trust_remote_code=False)
    except Exception as error:  # whatever a model library says, its user wants one line
        reason = first_line(error)
        raise BenchmarkError(
            f"Cross-encoder {name!r} cannot be loaded ({reason}); give another hub name, or a folder."
        ) from error

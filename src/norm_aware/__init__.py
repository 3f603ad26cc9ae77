"""Norm-aware retrieval for LlamaIndex and Qdrant.

Most stacks normalise embeddings and search by cosine, so the length of a vector is thrown away. norm-aware
keeps it: raw vectors in Qdrant under Dot, any similarity from one collection, and a benchmark that shows
whether the length helps.

Public names are loaded when they are first used, and numpy is the only dependency that
the numeric ones need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from norm_aware import offline as offline
    from norm_aware.calibration.calibrate import CalibrationOptions as CalibrationOptions
    from norm_aware.calibration.calibrate import calibrate as calibrate
    from norm_aware.calibration.calibration import Calibration as Calibration
    from norm_aware.calibration.corpus import Corpus as Corpus
    from norm_aware.calibration.corpus import PseudoQueries as PseudoQueries
    from norm_aware.calibration.label_free import calibrate_label_free as calibrate_label_free
    from norm_aware.diagnosis.diagnosis import Diagnosis as Diagnosis
    from norm_aware.diagnosis.diagnosis import diagnose as diagnose
    from norm_aware.errors import NormAwareError as NormAwareError
    from norm_aware.ingestion.bulk import IndexSummary as IndexSummary
    from norm_aware.ingestion.bulk import bulk_index as bulk_index
    from norm_aware.ingestion.on_ray import RayWorkers as RayWorkers
    from norm_aware.ingestion.on_ray import ray_index as ray_index
    from norm_aware.ingestion.options import IndexOptions as IndexOptions
    from norm_aware.llamaindex.embedding import RawEmbedding as RawEmbedding
    from norm_aware.llamaindex.nodes import NodeWithNorms as NodeWithNorms
    from norm_aware.llamaindex.rerank import NormAwareRerank as NormAwareRerank
    from norm_aware.llamaindex.retriever import NormAwareRetriever as NormAwareRetriever
    from norm_aware.llamaindex.store import NormAwareVectorStore as NormAwareVectorStore
    from norm_aware.numeric.euclidean import EuclideanSimilarity as EuclideanSimilarity
    from norm_aware.numeric.logistic_similarity import LogisticSimilarity as LogisticSimilarity
    from norm_aware.numeric.parse_similarity import parse_similarity as parse_similarity
    from norm_aware.numeric.radial import RadialSimilarity as RadialSimilarity
    from norm_aware.numeric.scaled_similarity import ScaledSimilarity as ScaledSimilarity
    from norm_aware.numeric.similarity import COSINE as COSINE
    from norm_aware.numeric.similarity import DOCUMENT_NORMALIZED as DOCUMENT_NORMALIZED
    from norm_aware.numeric.similarity import DOT as DOT
    from norm_aware.numeric.similarity import QUERY_NORMALIZED as QUERY_NORMALIZED
    from norm_aware.numeric.similarity import PowerSimilarity as PowerSimilarity
    from norm_aware.numeric.similarity import Similarity as Similarity
    from norm_aware.numeric.word_rotator import WordRotatorSimilarity as WordRotatorSimilarity
    from norm_aware.qdrant.bm25 import Bm25 as Bm25
    from norm_aware.qdrant.collection_options import CollectionOptions as CollectionOptions
    from norm_aware.qdrant.diversity import Diversity as Diversity
    from norm_aware.qdrant.embedded import AsyncEmbeddedClient as AsyncEmbeddedClient
    from norm_aware.qdrant.embedded import EmbeddedClient as EmbeddedClient
    from norm_aware.qdrant.hybrid import Fusion as Fusion
    from norm_aware.qdrant.index_settings import IndexSettings as IndexSettings
    from norm_aware.qdrant.tenant import Tenant as Tenant
    from norm_aware.settings import Settings as Settings

__version__ = "0.1.0"

_MODULES = {
    "Calibration": "calibration.calibration",
    "CalibrationOptions": "calibration.calibrate",
    "Corpus": "calibration.corpus",
    "PseudoQueries": "calibration.corpus",
    "calibrate": "calibration.calibrate",
    "calibrate_label_free": "calibration.label_free",
    "Diagnosis": "diagnosis.diagnosis",
    "diagnose": "diagnosis.diagnosis",
    "NormAwareError": "errors",
    "IndexOptions": "ingestion.options",
    "IndexSummary": "ingestion.bulk",
    "bulk_index": "ingestion.bulk",
    "RayWorkers": "ingestion.on_ray",
    "ray_index": "ingestion.on_ray",
    "RawEmbedding": "llamaindex.embedding",
    "NodeWithNorms": "llamaindex.nodes",
    "NormAwareRerank": "llamaindex.rerank",
    "NormAwareRetriever": "llamaindex.retriever",
    "NormAwareVectorStore": "llamaindex.store",
    "COSINE": "numeric.similarity",
    "DOCUMENT_NORMALIZED": "numeric.similarity",
    "DOT": "numeric.similarity",
    "QUERY_NORMALIZED": "numeric.similarity",
    "PowerSimilarity": "numeric.similarity",
    "Similarity": "numeric.similarity",
    "EuclideanSimilarity": "numeric.euclidean",
    "LogisticSimilarity": "numeric.logistic_similarity",
    "RadialSimilarity": "numeric.radial",
    "ScaledSimilarity": "numeric.scaled_similarity",
    "WordRotatorSimilarity": "numeric.word_rotator",
    "parse_similarity": "numeric.parse_similarity",
    "AsyncEmbeddedClient": "qdrant.embedded",
    "EmbeddedClient": "qdrant.embedded",
    "CollectionOptions": "qdrant.collection_options",
    "Bm25": "qdrant.bm25",
    "Diversity": "qdrant.diversity",
    "Fusion": "qdrant.hybrid",
    "IndexSettings": "qdrant.index_settings",
    "Tenant": "qdrant.tenant",
    "Settings": "settings",
    "offline": "offline",
}

__all__ = ["__version__", *_MODULES]  # the names are strings, from one table


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    return module if name == "offline" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)

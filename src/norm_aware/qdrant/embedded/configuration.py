"""A collection's configuration, from qdrant-client's words to the embedded engine's and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qdrant_client import models

from norm_aware.qdrant.embedded.edge import edge, named, refuse
from norm_aware.qdrant.field import dense_vectors

_HNSW = models.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10_000, max_indexing_threads=0)
_OPTIMIZER = models.OptimizersConfig(
    default_segment_number=0, flush_interval_sec=5, indexing_threshold=10_000
)


def to_config(description: models.CreateCollection) -> edge.EdgeConfig:
    """The engine's configuration of a collection that is described as qdrant-client creates it.

    Raises:
        UnsupportedError: for what the engine does not have, such as multivectors.
    """
    optimizers = _merged(_OPTIMIZER, description.optimizers_config)
    return edge.EdgeConfig(
        vectors={name: _dense(params) for name, params in dense_vectors(description.vectors).items()} or None,
        sparse_vectors={name: _sparse(params) for name, params in (description.sparse_vectors or {}).items()}
        or None,
        on_disk_payload=description.on_disk_payload,
        hnsw_config=_hnsw(_merged(_HNSW, description.hnsw_config)),
        quantization_config=_quantization(description.quantization_config),
        optimizers=edge.EdgeOptimizersConfig(
            deleted_threshold=optimizers.deleted_threshold,
            vacuum_min_vector_number=optimizers.vacuum_min_vector_number,
            default_segment_number=optimizers.default_segment_number,
            max_segment_size=optimizers.max_segment_size,
            indexing_threshold=optimizers.indexing_threshold,
        ),
    )


def to_info(description: models.CreateCollection, found: edge.ShardInfo) -> models.CollectionInfo:
    """What a server would tell of the collection."""
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        indexed_vectors_count=found.indexed_vectors_count,
        points_count=found.points_count,
        segments_count=found.segments_count,
        payload_schema={
            name: models.PayloadIndexInfo(data_type=_data_type(index), points=index.points)
            for name, index in found.payload_schema.items()
        },
        config=models.CollectionConfig(
            params=models.CollectionParams(
                vectors=description.vectors,
                sparse_vectors=description.sparse_vectors,
                on_disk_payload=description.on_disk_payload,
            ),
            hnsw_config=_merged(_HNSW, description.hnsw_config),
            optimizer_config=_merged(_OPTIMIZER, description.optimizers_config),
            quantization_config=description.quantization_config,
            metadata=description.metadata,
        ),
    )


def to_index(schema: Any) -> Any:
    """The schema of a payload index: a kind, or parameters of one.

    Raises:
        UnsupportedError: for a parameter the engine does not have.
    """
    if isinstance(schema, (str, models.PayloadSchemaType)):
        return named(edge.PayloadSchemaType, schema)
    make = getattr(edge, type(schema).__name__, None)
    if make is None:
        raise refuse(f"the payload index {type(schema).__name__}")
    given = {name: value for name, value in schema if value is not None and name != "type"}
    if "tokenizer" in given:
        given["tokenizer"] = named(edge.TokenizerType, given["tokenizer"])
    try:
        return make(**given)
    except TypeError as error:
        raise refuse(f"{type(schema).__name__} with {', '.join(given)}") from error


def _dense(params: models.VectorParams) -> edge.EdgeVectorParams:
    if params.multivector_config is not None:
        raise refuse("multivectors")
    return edge.EdgeVectorParams(
        params.size,
        named(edge.Distance, params.distance),
        on_disk=params.on_disk,
        datatype=None if params.datatype is None else named(edge.VectorStorageDatatype, params.datatype),
        quantization_config=_quantization(params.quantization_config),
        hnsw_config=None if params.hnsw_config is None else _hnsw(_merged(_HNSW, params.hnsw_config)),
    )


def _sparse(params: models.SparseVectorParams) -> edge.EdgeSparseVectorParams:
    index = params.index or models.SparseIndexParams()
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.full_scan_threshold,
        on_disk=index.on_disk,
        modifier=edge.Modifier.Idf if params.modifier == models.Modifier.IDF else None,
    )


def _hnsw(config: models.HnswConfig) -> edge.HnswIndexConfig:
    return edge.HnswIndexConfig(
        config.m,
        config.ef_construct,
        config.full_scan_threshold,
        max_indexing_threads=config.max_indexing_threads or 0,
        on_disk=config.on_disk,
        payload_m=config.payload_m,
    )


def _quantization(config: Any) -> Any:
    if config is None or isinstance(config, models.Disabled):
        return None
    if isinstance(config, models.ScalarQuantization):
        scalar = config.scalar
        return edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=scalar.quantile, always_ram=scalar.always_ram
        )
    if isinstance(config, models.ProductQuantization):
        return edge.ProductQuantizationConfig(
            named(edge.CompressionRatio, config.product.compression), always_ram=config.product.always_ram
        )
    if isinstance(config, models.BinaryQuantization):
        return edge.BinaryQuantizationConfig(always_ram=config.binary.always_ram)
    raise refuse(f"{type(config).__name__}")


def _data_type(index: edge.PayloadIndexInfo) -> models.PayloadSchemaType:
    return models.PayloadSchemaType(str(index.data_type).rpartition(".")[2].lower())


def _merged(defaults: Any, changes: Any) -> Any:
    """Defaults with what is set of a difference."""
    if changes is None:
        return defaults
    given: Mapping[str, Any] = {name: value for name, value in changes if value is not None}
    return defaults.model_copy(update={k: v for k, v in given.items() if k in type(defaults).model_fields})

"""Takes an existing collection over: norms filled in, raw vectors copied, or stored texts embedded again.

Which of the three a collection needs is decided by its distance. Dot keeps vectors as they are; Euclid and
Manhattan do too, but score by something else; Cosine has thrown the lengths away, and only the encoder can
bring them back, from the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode, MetadataMode
from qdrant_client import models

from norm_aware.errors import CollectionError, ContractError, EmbeddingError, QueryError
from norm_aware.geometry.norms import is_normalized, norms, require_embeddings, require_unnormalized
from norm_aware.llamaindex.embedding import encoder_identity, trained_similarity
from norm_aware.llamaindex.migration import AGREES, Migration, MigrationOptions
from norm_aware.llamaindex.migration_source import Source, open_source
from norm_aware.llamaindex.points import point_id, to_points
from norm_aware.llamaindex.stored_text import stored_node
from norm_aware.numeric.transform import directions
from norm_aware.progress import Progress, silent
from norm_aware.qdrant.backfill import backfill, require_free
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import (
    Contract,
    create_collection,
    open_collection,
    read_batch,
    require_encoder,
)
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.field import NORM, UNNAMED

_BATCH = 128


def migrate(
    collection: str,
    options: MigrationOptions | None = None,
    *,
    embed_model: BaseEmbedding | None = None,
    payload_index: bool,
    progress: Progress = silent,
) -> Steps[Migration]:
    """Take an existing collection over; the old one is only read, unless norms are filled in in place.

    A run that was cut off is started again: what is in the new collection is passed over, and nothing is
    written twice.

    Args:
        collection: its name, or an alias of it.
        options: how.
        embed_model: the encoder, which the contract records; needed where texts are embedded.
        payload_index: whether the engine has payload indexes; those of the old collection are made anew.
        progress: told how far it is.

    Returns:
        Steps that end in the report.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        CollectionError: when it is empty, or holds no text to embed.
        ContractError: when the new encoder disagrees with the stored vectors, or the new collection is
            of another encoder.
        EmbeddingError: for unit vectors, NaN or infinite numbers, or payloads that use our keys.
        QueryError: without an encoder where one is needed.
    """
    options = options or MigrationOptions()
    source = yield from open_source(collection, options)
    identity = None if embed_model is None else encoder_identity(embed_model)
    if source.way == "backfill":
        written = yield from backfill(
            source.name,
            payload_index=payload_index,
            encoder=identity,
            progress=lambda done, total: progress("Writing norms", done, total),
        )
        return Migration(source.name, source.name, "backfill", read=source.points, written=written)
    if source.way == "embed" and embed_model is None:
        raise QueryError(f"Collection {source.name!r} has to be embedded again; give its encoder.")
    report = Migration(source.name, source.into, source.way, left=source.others)
    contract: Contract | None = None
    if (yield call("collection_exists", collection_name=source.into)):
        contract, _ = yield from open_collection(source.into)
        if identity is not None:
            require_encoder(contract, encoder=identity[0], fingerprint=identity[1], collection=source.into)
    offset: Any = None
    while True:
        records, offset = yield from read_batch(source.name, offset, size=_BATCH)
        report.read += len(records)
        pending = yield from _pending(records, source, report, held=contract is not None)
        if pending:
            if embed_model is not None and source.way == "embed":
                points = _embedded(pending, embed_model, source, report, contract=contract)
            else:
                points = _copied(pending, source, options)
            if contract is None:
                contract = _contract(points, embed_model, source)
                yield from create_collection(source.into, contract, payload_index=payload_index)
                if payload_index:
                    yield from _copy_indexes(source)
            yield call("upsert", collection_name=source.into, points=points)
            report.written += len(points)
        progress("Migrating points", report.read, source.points)
        if offset is None:
            break
    if contract is None:
        reasons = "; ".join(f"{count}: {reason}" for reason, count in report.skipped.items()) or "it is empty"
        raise CollectionError(
            f"Collection {source.name!r} holds nothing to migrate ({reasons}). Points of other tools need "
            "--text-key, the payload key of their text."
        )
    yield from refresh_edges(source.into, contract)
    held: int = (yield call("count", collection_name=source.into)).count
    if held < report.written + report.already:
        raise CollectionError(
            f"Collection {source.into!r} holds {held} points where {report.written + report.already} were "
            f"written: some of {source.name!r} have one node id in common, or it was written to meanwhile."
        )
    return report


@dataclass(frozen=True, slots=True)
class _Pending:
    """A point to write, under its new id."""

    id: Any
    record: models.Record
    node: BaseNode | None = None


def _pending(
    records: Sequence[models.Record], source: Source, report: Migration, *, held: bool
) -> Steps[list[_Pending]]:
    """The points of a batch that can be taken along and have not been."""
    wanted = []
    for record in records:
        if source.way == "copy":
            if source.vector_of(record):
                wanted.append(_Pending(record.id, record))
            else:
                report.skip(record, "no vector")
            continue
        try:
            node = stored_node(record, text_key=source.options.text_key)
        except EmbeddingError as reason:
            report.skip(record, str(reason))
        else:
            wanted.append(_Pending(point_id(node.node_id), record, node))
    if not held or not wanted:
        return wanted
    found = yield call(
        "retrieve",
        collection_name=source.into,
        ids=[one.id for one in wanted],
        with_payload=False,
        with_vectors=False,
    )
    there = {str(record.id) for record in found}
    report.already += len(there)
    return [one for one in wanted if str(one.id) not in there]


def _embedded(
    pending: Sequence[_Pending],
    embed_model: BaseEmbedding,
    source: Source,
    report: Migration,
    *,
    contract: Contract | None,
) -> list[models.PointStruct]:
    nodes = [one.node for one in pending if one.node is not None]
    texts = [node.get_content(MetadataMode.EMBED) for node in nodes]
    for node, embedding in zip(nodes, embed_model.get_text_embedding_batch(texts), strict=True):
        node.embedding = embedding
    old = [source.vector_of(one.record) for one in pending]
    _compare(old, [node.get_embedding() for node in nodes], embed_model, source, report)
    points = to_points(
        nodes,
        contract=contract,
        embed_model=embed_model,
        allow_normalized=source.options.allow_normalized,
    )
    for point, one in zip(points, pending, strict=True):
        kept = {key: value for key, value in (one.record.payload or {}).items() if key not in UNNAMED.keys}
        point.payload = {**kept, **(point.payload or {})}
    return points


def _compare(
    old: Sequence[list[float]],
    new: Sequence[list[float]],
    embed_model: BaseEmbedding,
    source: Source,
    report: Migration,
) -> None:
    """Notice an encoder that did not make the stored vectors, before anything is written."""
    first = report.compared == 0
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if len(a) == len(b)]
    cosines = np.array([(directions([a]) * directions([b])).sum() for a, b in pairs])
    agreeing = int((cosines >= AGREES).sum())
    report.compared += len(pairs)
    report.agreeing += agreeing
    if source.options.encoder_changed or not first or agreeing >= len(new) / 2:
        return
    found = (
        f"median cosine {np.median(cosines):.2f}"
        if len(pairs)
        else f"dimension {len(new[0])}, not {source.size}"
    )
    raise ContractError(
        f"Only {agreeing} of the first {len(new)} vectors of {source.name!r} point where "
        f"{embed_model.model_name!r} puts their texts ({found}): another encoder, prompt or text made them. "
        "Give that one with --encoder, or say that another is meant with --encoder-changed."
    )


def _copied(
    pending: Sequence[_Pending], source: Source, options: MigrationOptions
) -> list[models.PointStruct]:
    matrix = require_embeddings(
        [source.vector_of(one.record) for one in pending],
        names=[f"Point {one.id}" for one in pending],
        dimension=source.size,
    )
    if not options.allow_normalized and len(matrix) > 1:
        reason = "They were normalised before they were stored; embed their texts again (--re-embed)."
        require_unnormalized(matrix, reason=reason)
    return [
        models.PointStruct(id=one.id, vector=vector, payload={**_free(one.record, length), NORM: length})
        for one, vector, length in zip(pending, matrix.tolist(), norms(matrix).tolist(), strict=True)
    ]


def _free(record: models.Record, length: float) -> dict[str, Any]:
    """A payload that does not use the keys we need for something else."""
    require_free(record, length, UNNAMED)
    payload = record.payload or {}
    if taken := UNNAMED.storing & payload.keys():
        raise EmbeddingError(
            f"Point {record.id} has a payload {min(taken)!r}: it is stored by a calibration; make the "
            "collection raw first (`norm-aware apply --undo`)."
        )
    return payload


def _contract(
    points: Sequence[models.PointStruct], embed_model: BaseEmbedding | None, source: Source
) -> Contract:
    vectors: list[Any] = [point.vector for point in points]
    name, fingerprint = (None, None) if embed_model is None else encoder_identity(embed_model)
    trained = None if embed_model is None else trained_similarity(embed_model)
    raw = not (source.options.allow_normalized and is_normalized(vectors))
    return Contract(name, fingerprint, len(vectors[0]), raw=raw, trained_similarity=trained)


def _copy_indexes(source: Source) -> Steps[None]:
    """Index the payload keys that the old collection has indexed."""
    for key, index in source.indexes.items():
        if key in UNNAMED.keys or key == "doc_id":  # made with the collection
            continue
        yield call(
            "create_payload_index",
            collection_name=source.into,
            field_name=key,
            field_schema=index.params or index.data_type,
        )

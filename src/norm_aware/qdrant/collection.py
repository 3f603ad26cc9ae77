"""The contract of a collection: raw vectors under Dot, a norm in every payload, one encoder.

The contract is kept in the collection's metadata under `norm_aware`, so that it travels with the data
and any process that opens the collection can check itself against it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qdrant_client import models

from norm_aware.errors import CollectionNotFoundError, ContractError, DimensionError, DistanceError
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection_options import CollectionOptions
from norm_aware.qdrant.creation import create_recorded
from norm_aware.qdrant.field import UNNAMED, Field, dense_vectors, vector_params

SCHEMA_VERSION = 4
"""Newest version of the contract: 2 with a calibration, 3 with a stored power, 4 with what the encoder was
trained by, which readers before lack."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a collection promises.

    Attributes:
        encoder: name of the encoder, None where it was never recorded.
        fingerprint: hash that tells the encoder's weights and prompts apart from another's.
        dimension: of the vectors.
        raw: False where unit vectors were stored on purpose.
        norm_edges: edges of the norm ranges that a search looks into. The outermost are the smallest and
            the largest norm there were, so that what is added beyond them has a range of its own.
        edges_count: how many points there were when the edges were placed.
        calibration: digest of the calibration that points are stored by; None where they are raw.
        rewriting: whether a rewriting by a calibration, or to a power, has begun and not ended.
        stored_power: stored vectors have the length `norm**stored_power`; 1 where they are raw.
        storing_power: the power that points are being rewritten to; None where they are not.
        trained_similarity: name of what the encoder was trained by; None where it did not say.
        schema_version: of this record.
        field: the vector that this is the contract of; not part of the record.
        others: further dense vectors of the collection, each with a contract of its own; nor are these.
    """

    encoder: str | None
    fingerprint: str | None
    dimension: int
    raw: bool = True
    norm_edges: tuple[float, ...] = ()
    edges_count: int = 0
    calibration: str | None = None
    rewriting: bool = False
    stored_power: float = 1.0
    storing_power: float | None = None
    trained_similarity: str | None = None
    schema_version: int = 1
    field: Field = UNNAMED
    others: tuple[Field, ...] = ()

    def to_metadata(self) -> dict[str, Any]:
        """The collection metadata that holds this contract."""
        record = {**dataclasses.asdict(self), "norm_edges": list(self.norm_edges)}
        del record["field"], record["others"]
        plain = self.calibration is None and not self.rewriting
        if self.stored_power == 1 and self.storing_power is None:  # older readers know neither word
            del record["stored_power"], record["storing_power"]
            record["schema_version"] = 1 if plain else 2
        else:
            record["schema_version"] = 3
        if self.trained_similarity is None:
            del record["trained_similarity"]
        else:
            record["schema_version"] = 4
        return {self.field.metadata: record}

    @property
    def vectors(self) -> models.VectorParams | dict[str, models.VectorParams]:
        """The dense vector as a collection is created with it."""
        params = models.VectorParams(size=self.dimension, distance=models.Distance.DOT)
        return {self.field.name: params} if self.field.name else params


def read_contract(info: models.CollectionInfo, *, collection: str, vector_name: str = "") -> Contract:
    """The contract of a collection, after checking that it holds raw vectors under Dot.

    Args:
        info: what Qdrant says of the collection.
        collection: its name, for errors.
        vector_name: of the vector that is meant; empty for the unnamed one.

    Returns:
        The recorded contract. A Dot collection that another tool made has none: its dimension is read
        from its vectors and its encoder is unknown.

    Raises:
        DistanceError: when the collection is not under Dot.
        ContractError: when the record is of a newer version or cannot be read.
    """
    field = Field(vector_name)
    params = vector_params(info, collection=collection, vector_name=vector_name)
    others = tuple(Field(name) for name in dense_vectors(info.config.params.vectors) if name != vector_name)
    if params.distance != models.Distance.DOT:
        kept = (
            "Qdrant normalised its vectors on upload, so the norms are gone: embed the documents again"
            if params.distance == models.Distance.COSINE
            else "it cannot score by inner product: copy its vectors"
        )
        raise DistanceError(
            f"Collection {collection!r} is under {params.distance.value}; norm-aware search needs Dot. "
            f"{kept} into a collection of another name, which NormAwareVectorStore creates under Dot."
        )
    record = (info.config.metadata or {}).get(field.metadata)
    if record is None:
        return Contract(None, None, params.size, field=field, others=others)
    try:
        if record["schema_version"] > SCHEMA_VERSION:
            raise ContractError(
                f"Collection {collection!r} has a contract of version {record['schema_version']}; this "
                f"norm-aware reads up to {SCHEMA_VERSION}. Upgrade norm-aware."
            )
        record = {**record, "norm_edges": tuple(record["norm_edges"])}
        return Contract(**record, field=field, others=others)
    except (KeyError, TypeError) as error:
        raise ContractError(
            f"Collection {collection!r} has a contract that cannot be read ({error}); clear "
            f"{field.metadata!r} in its metadata, then `norm-aware backfill` writes a new one."
        ) from error


def require_encoder(contract: Contract, *, encoder: str, fingerprint: str, collection: str) -> None:
    """Refuse an encoder other than the one the collection was made with.

    Raises:
        ContractError: naming both encoders.
    """
    if contract.fingerprint is None or contract.fingerprint == fingerprint:
        return
    same_name = " of other weights or prompts" if contract.encoder == encoder else ""
    raise ContractError(
        f"Collection {collection!r} was made with encoder {contract.encoder!r} ({contract.fingerprint}), "
        f"this is {encoder!r} ({fingerprint}){same_name}; their vectors cannot be compared. Use the "
        "collection's encoder, or index into a collection of another name."
    )


def require_dimension(contract: Contract, *, dimension: int, collection: str) -> None:
    """Refuse a vector of another dimension than the collection's.

    Raises:
        DimensionError: naming both dimensions.
    """
    if dimension != contract.dimension:
        raise DimensionError(
            f"The query's embedding has dimension {dimension}; collection {collection!r} holds vectors of "
            f"{contract.dimension}, made with {contract.encoder or 'an unrecorded encoder'}. Embed the query "
            "with that encoder, and do not reuse a QueryBundle that another encoder has written to."
        )


def open_collection(collection: str, *, vector_name: str = "") -> Steps[tuple[Contract, int]]:
    """Read an existing collection's contract and how many points it holds.

    Args:
        collection: its name.
        vector_name: of the dense vector that is meant; empty for the unnamed one. Only points with it count.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        DistanceError: as `read_contract`.
        ContractError: as `read_contract`.
    """
    if not (yield call("collection_exists", collection_name=collection)):
        raise CollectionNotFoundError(
            f"There is no collection {collection!r}; index documents first (`norm-aware index`, or "
            "VectorStoreIndex.from_documents with a NormAwareVectorStore)."
        )
    info: models.CollectionInfo = yield call("get_collection", collection_name=collection)
    contract = read_contract(info, collection=collection, vector_name=vector_name)
    if not contract.others:
        return contract, info.points_count or 0
    return contract, (yield from count_points(collection, contract))


def count_points(collection: str, contract: Contract, *, exact: bool = True) -> Steps[int]:
    """How many points have the contract's vector."""
    within = models.Filter(must=[contract.field.present]) if contract.others else None
    count: int = (yield call("count", collection_name=collection, count_filter=within, exact=exact)).count
    return count


def create_collection(
    collection: str,
    contract: Contract,
    *,
    payload_index: bool,
    sparse: Mapping[str, models.SparseVectorParams] | None = None,
    options: CollectionOptions = CollectionOptions(),  # noqa: B008  # a frozen value
) -> Steps[None]:
    """Create a Dot collection that records its contract, with payload indexes where the engine has them."""
    yield from create_recorded(
        collection,
        vectors_config=contract.vectors,
        sparse_vectors_config=sparse,
        metadata=contract.to_metadata(),
        **options.arguments(stored_power=contract.stored_power),
    )
    if payload_index:
        yield from create_norm_index(collection, contract.field)
        yield call(
            "create_payload_index",
            collection_name=collection,
            field_name="doc_id",
            field_schema=models.PayloadSchemaType.KEYWORD,
        )


def adopt_collection(
    collection: str,
    contract: Contract,
    *,
    points: int,
    encoder: tuple[str, str],
    trained_similarity: str | None,
    calibration: str | None,
    stored_power: float | None,
    payload_index: bool,
) -> Steps[Contract]:
    """Put encoder and way of storing into the contract of a collection that is still, or again, empty.

    Returns:
        The contract as it stands then.

    Raises:
        ContractError: when there are points already, of an encoder that was never recorded.
    """
    if points and contract.fingerprint is not None:
        return contract
    if points:
        raise ContractError(
            f"Collection {collection!r} holds {points} points of an unrecorded encoder; "
            f"`norm-aware backfill --collection {collection} --encoder ENCODER` records it."
        )
    if payload_index:
        yield from create_norm_index(collection, contract.field)
    name, fingerprint = encoder
    power = contract.stored_power if stored_power is None else stored_power
    contract = dataclasses.replace(
        contract,
        encoder=name,
        fingerprint=fingerprint,
        trained_similarity=trained_similarity,
        calibration=calibration,
        stored_power=power if calibration is None else 1.0,
        edges_count=0,
    )
    yield call("update_collection", collection_name=collection, metadata=contract.to_metadata())
    return contract


def create_norm_index(collection: str, field: Field) -> Steps[None]:
    """Index the norm, which every search filters by."""
    yield call(
        "create_payload_index",
        collection_name=collection,
        field_name=field.norm,
        field_schema=models.PayloadSchemaType.FLOAT,
    )


def read_batch(
    collection: str, offset: Any, *, size: int, payload: bool | list[str] = True
) -> Steps[tuple[list[models.Record], Any]]:
    """Some points with their vectors, and where the next ones begin; None after the last.

    Args:
        collection: name of the collection.
        offset: where to begin; None begins at the first.
        size: how many points.
        payload: all of it, or these keys.
    """
    records, after = yield call(
        "scroll",
        collection_name=collection,
        limit=size,
        offset=offset,
        with_payload=payload,
        with_vectors=True,
    )
    return records, after

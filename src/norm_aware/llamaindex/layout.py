"""How a store's nodes lie in a collection: which vectors, by which encoder and calibration, whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode
from qdrant_client import models

from norm_aware.calibration.calibration import Calibration
from norm_aware.llamaindex.embedding import encoder_identity, trained_similarity
from norm_aware.llamaindex.points import to_points
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calibrated import require_calibration
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import (
    Contract,
    adopt_collection,
    create_collection,
    open_collection,
    require_encoder,
)
from norm_aware.qdrant.collection_options import CollectionOptions
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.field import Field, dense_vectors
from norm_aware.qdrant.power import require_stored_power
from norm_aware.qdrant.sparse import add_sparse, record_sparse, require_sparse, sparse_config
from norm_aware.qdrant.tenant import Tenant, create_tenant_index
from norm_aware.qdrant.write import add_vector, write_points


@dataclass(frozen=True, slots=True)
class Layout:
    """How a store's nodes lie in a collection.

    Attributes:
        collection: its name.
        embed_model: the encoder.
        field: the dense vector.
        calibration: what documents are stored by; None where vectors are raw.
        sparse: what makes the sparse vectors; None where there are none.
        tenant: whose nodes they are; None where nobody shares the collection.
        stored_power: the power of their norm that vectors are stored at; None takes the collection's, 1 where
            it is new.
        allow_normalized: whether embeddings may all have length 1.
        creation: how a new collection is spread over a cluster.
        payload_index: whether the engine has payload indexes.
    """

    collection: str
    embed_model: BaseEmbedding
    field: Field
    calibration: Calibration | None
    sparse: Bm25 | None
    tenant: Tenant | None
    stored_power: float | None
    allow_normalized: bool
    creation: CollectionOptions
    payload_index: bool

    @property
    def digest(self) -> str | None:
        """Which calibration documents are stored by."""
        return None if self.calibration is None else self.calibration.digest

    def trained_similarity(self, contract: Contract | None) -> str | None:
        """Name of what the encoder was trained by, as it says or else a contract of it remembers."""
        return trained_similarity(self.embed_model) or (contract.trained_similarity if contract else None)

    @property
    def scope(self) -> models.Filter | None:
        """What selects the tenant's points; None selects all."""
        return self.tenant.filter if self.tenant else None


def open_layout(layout: Layout, *, checked: bool = True, sparse: bool = True) -> Steps[tuple[Contract, int]]:
    """The contract of a collection and how many points it holds, after checking that both are as laid out.

    Args:
        layout: what is expected.
        checked: whether the calibration must be the collection's too.
        sparse: whether the sparse vectors must be there.

    Raises:
        CollectionError: when the collection is missing, or something about it is otherwise.
    """
    name, fingerprint = encoder_identity(layout.embed_model)
    contract, points = yield from open_collection(layout.collection, vector_name=layout.field.name)
    require_encoder(contract, encoder=name, fingerprint=fingerprint, collection=layout.collection)
    if points or contract.rewriting:
        if checked:
            require_calibration(contract, layout.calibration, collection=layout.collection)
        require_stored_power(contract, layout.stored_power, collection=layout.collection)
    if sparse and layout.sparse is not None:
        yield from require_sparse(layout.collection, layout.sparse)
    return contract, points


def is_laid_out(layout: Layout) -> Steps[bool]:
    """Whether the collection is there, with the vector if that has a name of its own."""
    if not (yield call("collection_exists", collection_name=layout.collection)):
        return False
    if not layout.field.name:
        return True
    info: models.CollectionInfo = yield call("get_collection", collection_name=layout.collection)
    return layout.field.name in dense_vectors(info.config.params.vectors)


def add_nodes(layout: Layout, nodes: Sequence[BaseNode], *, batch_size: int) -> Steps[Contract]:
    """Store embedded nodes, at least one; all of them are checked before the first is sent.

    Args:
        layout: how; what is missing of it is created.
        nodes: with embeddings.
        batch_size: points sent at once.

    Returns:
        Steps that end in the contract as it then stands.

    Raises:
        EmbeddingError: as `to_points`.
        CollectionError: as `open_layout`.
    """
    contract = None
    power = 1.0 if layout.stored_power is None else layout.stored_power
    encoder = encoder_identity(layout.embed_model)
    # read anew each time: another process may have rewritten the collection by a calibration
    if (yield from is_laid_out(layout)):
        contract, held = yield from open_layout(layout, sparse=False)
        if layout.sparse is not None:
            if not held and not contract.others:  # still, or again, empty
                yield from add_sparse(layout.collection)
                yield from record_sparse(layout.collection, layout.sparse)
            yield from require_sparse(layout.collection, layout.sparse)
        contract = yield from adopt_collection(
            layout.collection,
            contract,
            points=held,
            encoder=encoder,
            trained_similarity=trained_similarity(layout.embed_model),
            calibration=layout.digest,
            stored_power=layout.stored_power,
            payload_index=layout.payload_index,
        )
    points = to_points(
        nodes,
        contract=contract,
        embed_model=layout.embed_model,
        allow_normalized=layout.allow_normalized,
        calibration=layout.calibration,
        stored_power=power,
        field=layout.field,
        sparse=layout.sparse,
        tenant=layout.tenant,
    )
    if contract is None:
        contract = Contract(
            *encoder,
            len(nodes[0].get_embedding()),
            raw=not layout.allow_normalized,
            calibration=layout.digest,
            stored_power=power,
            trained_similarity=trained_similarity(layout.embed_model),
            field=layout.field,
        )
        try:
            yield from _create(layout, contract)
        except Exception:
            if not (yield from is_laid_out(layout)):
                raise
            # another add created it in between
            return (yield from add_nodes(layout, nodes, batch_size=batch_size))
        contract, _ = yield from open_layout(layout)  # which says what else is in the collection
    if layout.tenant is not None and layout.payload_index:
        yield from create_tenant_index(layout.collection, layout.tenant)
    for start in range(0, len(points), batch_size):
        yield from write_points(layout.collection, points[start : start + batch_size], contract)
    return (yield from refresh_edges(layout.collection, contract))


def _create(layout: Layout, contract: Contract) -> Steps[None]:
    if (yield call("collection_exists", collection_name=layout.collection)):
        yield from add_vector(layout.collection, contract, payload_index=layout.payload_index)
        return
    sparse = None if layout.sparse is None else sparse_config()
    yield from create_collection(
        layout.collection,
        contract,
        payload_index=layout.payload_index,
        options=layout.creation,
        sparse=sparse,
    )
    if layout.sparse is not None:
        yield from record_sparse(layout.collection, layout.sparse)

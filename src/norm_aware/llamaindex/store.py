"""The vector store: whatever LlamaIndex path nodes come by, they end as raw vectors under Dot with a norm."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import QueryError
from norm_aware.llamaindex.calibrated import open_calibration, require_own_options, search_defaults
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.llamaindex.nodes import NodeWithNorms, to_query_result
from norm_aware.llamaindex.points import to_points
from norm_aware.llamaindex.searching import require_askable, search_nodes
from norm_aware.llamaindex.stock import StockVectorStore
from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.calibrated import require_calibration
from norm_aware.qdrant.calls import Steps, arun, as_async, call, is_local, run
from norm_aware.qdrant.collection import (
    Contract,
    adopt_collection,
    create_collection,
    open_collection,
    require_encoder,
)
from norm_aware.qdrant.collection_options import CollectionOptions
from norm_aware.qdrant.edges import refresh_edges
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.power import require_no_calibration, require_power, require_stored_power

_TRUSTED_SECONDS = 60.0  # how long a search relies on what it read of the collection


class NormAwareVectorStore(StockVectorStore):
    """LlamaIndex's Qdrant store with raw vectors under Dot, a norm in every payload and a contract.

    Every stock path ends here, sync and async. The collection is created on the first `add`; what is refused
    leaves nothing behind. Metadata filters, deletion and `get_nodes` are the stock store's.

    Args:
        collection_name: name of the collection, new or existing.
        client: a `QdrantClient`: in memory, on a path, or of a server.
        aclient: an `AsyncQdrantClient` on the same data. Without it, async calls use `client` in a thread.
        embed_model: the encoder; the contract records it, and a collection of another one is refused.
        similarity: what `query` searches by when a stock retriever uses this store; None takes cosine, or
            the calibration, beside which no similarity may be given.
        calibration: a `Calibration` or its file. Documents are stored by it and queries searched with it;
            an existing collection must be stored by it (`norm-aware apply`).
        allow_normalized: take embeddings that all have length 1.
        collection_options: how a collection that `add` creates is spread over a cluster.
        batch_size: points sent to Qdrant at once.
        stored_power: store vectors at this power of their norm, so that a plain Dot search ranks by that
            `document_power`: 0 makes cosine one. None takes the collection's, 1 (raw) where it is new.

    Raises:
        DistanceError: when the collection exists under another distance than Dot.
        ContractError: when it was made with another encoder, or is stored by another calibration or power.
        CalibrationError: when the calibration was made for another encoder.
        QueryError: for a stored power beside a calibration, or one that is no number from -16 to 16.

    Example:
        >>> from qdrant_client import QdrantClient
        >>> from norm_aware import NormAwareVectorStore, offline
        >>> client, encoder = QdrantClient(":memory:"), offline.encoder()
        >>> store = NormAwareVectorStore("docs", client=client, embed_model=encoder)
    """

    _embed_model: BaseEmbedding = PrivateAttr()
    _calibration: Calibration | None = PrivateAttr()
    _options: SearchOptions = PrivateAttr()
    _allow_normalized: bool = PrivateAttr()
    _creation: CollectionOptions = PrivateAttr()
    _stored_power: float | None = PrivateAttr()
    _contract: Contract | None = PrivateAttr(default=None)
    _checked: float = PrivateAttr(default=-math.inf)

    def __init__(
        self,
        collection_name: str,
        *,
        client: QdrantClient | None = None,
        aclient: AsyncQdrantClient | None = None,
        embed_model: BaseEmbedding,
        similarity: str | Similarity | None = None,
        calibration: Calibration | str | Path | None = None,
        allow_normalized: bool = False,
        collection_options: CollectionOptions = CollectionOptions(),  # noqa: B008  # a frozen value
        batch_size: int = 64,
        stored_power: float | None = None,
    ) -> None:
        if client is None and aclient is None:
            raise QueryError("NormAwareVectorStore needs a Qdrant client; pass client=… or aclient=….")
        super().__init__(collection_name, client=client, aclient=aclient, batch_size=batch_size)
        if aclient is None and client is not None:
            self._aclient = as_async(self._client)
        self._embed_model = embed_model
        opened = open_calibration(calibration, embed_model)
        self._options = search_defaults(similarity, opened)
        # cosine needs nothing of a collection: its vectors stay raw
        self._calibration = None if opened is None or opened.is_cosine else opened
        self._allow_normalized = allow_normalized
        self._creation = collection_options
        require_no_calibration(stored_power, self._calibration)
        self._stored_power = None if stored_power is None else require_power(stored_power)
        if client is not None and self._collection_initialized:
            # a raw store of a calibrated collection may yet be given the calibration by a retriever
            run(self._client, self._open(checked=self._calibration is not None))

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex serialises this class under."""
        return "NormAwareVectorStore"

    @property
    def embed_model(self) -> BaseEmbedding:
        """The encoder this store's contract names."""
        return self._embed_model

    @property
    def calibration(self) -> Calibration | None:
        """What documents are stored by and queries searched with; None where vectors are raw."""
        return self._calibration

    def with_calibration(self, calibration: Calibration | str | Path) -> NormAwareVectorStore:
        """A store of the same collection that is stored by a calibration; raises as the class does."""
        return NormAwareVectorStore(
            self.collection_name,
            client=self._client,
            aclient=self._aclient,
            embed_model=self._embed_model,
            calibration=calibration,
            allow_normalized=self._allow_normalized,
            collection_options=self._creation,
            batch_size=self.batch_size,
        )

    def add(  # type: ignore[override]  # no shard_identifier: custom sharding is not offered
        self, nodes: Sequence[BaseNode], **add_kwargs: Any
    ) -> list[str]:
        """Store embedded nodes; all of them are checked before the first is sent.

        Args:
            nodes: nodes with embeddings.
            add_kwargs: none are taken; LlamaIndex's interface has them.

        Returns:
            The nodes' ids.

        Raises:
            EmbeddingError: for NaN or infinite numbers, another dimension, or unit vectors.
            ContractError: when the collection was made with another encoder.
        """
        return run(self._sync(), self._add(nodes))

    async def async_add(  # type: ignore[override]  # as `add`
        self, nodes: Sequence[BaseNode], **kwargs: Any
    ) -> list[str]:
        """`add`, without blocking the event loop."""
        return await arun(self._aclient, self._add(nodes))

    def _add(self, nodes: Sequence[BaseNode]) -> Steps[list[str]]:
        if not nodes:
            return []
        name, contract = self.collection_name, None
        power = 1.0 if self._stored_power is None else self._stored_power
        encoder = encoder_identity(self._embed_model)
        indexed = not is_local(self._client or self._aclient)
        # read anew each time: another process may have rewritten the collection by a calibration
        if (yield call("collection_exists", collection_name=name)):
            contract, held = yield from self._open()
            contract = yield from adopt_collection(
                name,
                contract,
                points=held,
                encoder=encoder,
                calibration=self._digest,
                stored_power=self._stored_power,
                payload_index=indexed,
            )
        points = to_points(
            nodes,
            contract=contract,
            embed_model=self._embed_model,
            allow_normalized=self._allow_normalized,
            calibration=self._calibration,
            stored_power=power,
        )
        if contract is None:
            contract = Contract(
                *encoder,
                len(nodes[0].get_embedding()),
                raw=not self._allow_normalized,
                calibration=self._digest,
                stored_power=power,
            )
            try:
                yield from create_collection(name, contract, payload_index=indexed, options=self._creation)
            except Exception:
                if not (yield call("collection_exists", collection_name=name)):
                    raise
                return (yield from self._add(nodes))  # another add created it in between
            self._collection_initialized = True
        for start in range(0, len(points), self.batch_size):
            batch = points[start : start + self.batch_size]
            yield call("upsert", collection_name=name, points=batch)
        self._contract = yield from refresh_edges(name, contract)
        return [node.node_id for node in nodes]

    def search(self, query: VectorStoreQuery, options: SearchOptions | None = None) -> list[NodeWithNorms]:
        """The nodes most similar to a query, with their norms.

        Args:
            query: with a raw embedding; its filters, node and document ids are honoured.
            options: None searches by the store's similarity. Its `qdrant_filters` replace the query's.

        Raises:
            QueryError: for a top k below 1, no embedding, or a query mode other than the default.
            DimensionError: when the query's embedding has another dimension than the collection's vectors.
            CollectionError: when the collection is missing, empty, or has points without a norm.
        """
        return run(self._sync(), self._search(query, options))

    async def asearch(
        self, query: VectorStoreQuery, options: SearchOptions | None = None
    ) -> list[NodeWithNorms]:
        """`search`, without blocking the event loop."""
        return await arun(self._aclient, self._search(query, options))

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`search` as LlamaIndex's stock retriever asks for it.

        Args:
            query: with an embedding.
            kwargs: fields of `SearchOptions`, the store's similarity where none is given.
        """
        return to_query_result(self.search(query, dataclasses.replace(self._options, **kwargs)))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`query`, without blocking the event loop."""
        return to_query_result(await self.asearch(query, dataclasses.replace(self._options, **kwargs)))

    def _search(self, query: VectorStoreQuery, options: SearchOptions | None) -> Steps[list[NodeWithNorms]]:
        options = options or self._options
        require_askable(query)
        require_own_options(options, self._calibration)
        if options.qdrant_filters is None:
            options = dataclasses.replace(options, qdrant_filters=self._build_query_filter(query))
        contract, points = (self._contract if self._collection_initialized else None), None
        if contract is None or time.monotonic() - self._checked > _TRUSTED_SECONDS:
            contract, points = yield from self._open()
        nodes = yield from search_nodes(
            self.collection_name,
            query,
            options,
            contract=contract,
            points=points,
            calibration=self._calibration,
            local=is_local(self._client or self._aclient),
            parse=self.parse_to_query_result,
        )
        if points is not None:
            self._checked = time.monotonic()
        return nodes

    @property
    def _digest(self) -> str | None:
        return None if self._calibration is None else self._calibration.digest

    def _open(self, *, checked: bool = True) -> Steps[tuple[Contract, int]]:
        contract, points = yield from open_collection(self.collection_name)
        name, fingerprint = encoder_identity(self._embed_model)
        require_encoder(contract, encoder=name, fingerprint=fingerprint, collection=self.collection_name)
        if points or contract.rewriting:
            if checked:
                require_calibration(contract, self._calibration, collection=self.collection_name)
            require_stored_power(contract, self._stored_power, collection=self.collection_name)
        self._contract, self._collection_initialized = contract, True
        return contract, points

    def _sync(self) -> QdrantClient:
        if self._client is None:
            raise QueryError("This store has only an async client; pass client=…, or use the async methods.")
        return self._client

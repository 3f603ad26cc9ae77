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
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryResult
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.calibration.calibration import Calibration
from norm_aware.llamaindex.calibrated import applied, open_calibration, require_own_options, search_defaults
from norm_aware.llamaindex.layout import Layout, add_nodes, is_laid_out, open_layout
from norm_aware.llamaindex.nodes import NodeWithNorms, to_query_result
from norm_aware.llamaindex.plan import OPTIONS, Plan, plan_of, require_fusible
from norm_aware.llamaindex.searching import search_nodes
from norm_aware.llamaindex.stock import StockVectorStore
from norm_aware.llamaindex.words import index_words
from norm_aware.numeric.similarity import Similarity
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import Steps, arun, is_local, run
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.collection_options import CollectionOptions
from norm_aware.qdrant.field import Field, require_vector_name
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.power import require_no_calibration, require_power
from norm_aware.qdrant.tenant import Tenant

_TRUSTED_SECONDS = 60.0  # how long a search relies on what it read of the collection


class NormAwareVectorStore(StockVectorStore):
    """LlamaIndex's Qdrant store with raw vectors under Dot, a norm in every payload and a contract.

    Every stock path ends here, sync and async. The collection is created on the first `add`; what is refused
    leaves nothing behind.

    Args:
        collection_name: name of the collection, new or existing.
        client: a `QdrantClient`: in memory, on a path, or of a server.
        aclient: an `AsyncQdrantClient` on the same data. Without it, async calls use `client` in a thread.
        embed_model: the encoder; the contract records it, and a collection of another one is refused.
        similarity: what `query` searches by when a stock retriever uses this store; None takes the
            calibration, beside which none may be given, else what the encoder was trained by, else cosine.
        calibration: a `Calibration` or its file. Documents are stored by it and queries searched with it;
            an existing collection must be stored by it (`norm-aware apply`).
        sparse: how texts become BM25 vectors beside the dense ones, for the modes `hybrid` and `sparse`.
        vector_name: of the dense vector, where a collection has several, of other encoders or other texts;
            each is the matter of a store of its own. Empty is Qdrant's unnamed vector.
        tenant: whose nodes these are, where several share a collection: a name, or a `Tenant` with a payload
            key of its own. No method then reads, finds or deletes another's.
        allow_normalized: take embeddings that all have length 1.
        collection_options: how a collection that `add` creates is spread over a cluster.
        batch_size: points sent to Qdrant at once.
        stored_power: store vectors at this power of their norm, so that a plain Dot search ranks by that
            `document_power`: 0 makes cosine one. None takes the collection's, 1 (raw) where it is new.

    Raises:
        DistanceError: when the collection exists under another distance than Dot.
        ContractError: when it was made with another encoder, is stored by another calibration or power,
            or has no sparse vectors or others than asked for.
        MissingExtraError: for `sparse` without the extra `embedded`.
        CalibrationError: when the calibration was made for another encoder.
        QueryError: for a stored power beside a calibration, or one that is no number from -16 to 16.

    Example:
        >>> from qdrant_client import QdrantClient
        >>> from norm_aware import NormAwareVectorStore, offline
        >>> client, encoder = QdrantClient(":memory:"), offline.encoder()
        >>> store = NormAwareVectorStore("docs", client=client, embed_model=encoder)
    """

    _layout: Layout = PrivateAttr()
    _options: SearchOptions = PrivateAttr()
    _trained: str | None = PrivateAttr()
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
        sparse: Bm25 | None = None,
        vector_name: str = "",
        tenant: str | Tenant | None = None,
        allow_normalized: bool = False,
        collection_options: CollectionOptions = CollectionOptions(),  # noqa: B008  # a frozen value
        batch_size: int = 64,
        stored_power: float | None = None,
    ) -> None:
        require_vector_name(vector_name)
        super().__init__(
            collection_name,
            client=client,
            aclient=aclient,
            batch_size=batch_size,
            field=Field(vector_name),
            tenant=Tenant(tenant) if isinstance(tenant, str) else tenant,
        )
        opened = open_calibration(calibration, embed_model)
        used = applied(opened)
        require_no_calibration(stored_power, used)
        self._layout = Layout(
            collection_name,
            embed_model,
            field=self._field,
            calibration=used,
            sparse=sparse,
            tenant=self._tenant,
            stored_power=None if stored_power is None else require_power(stored_power),
            allow_normalized=allow_normalized,
            creation=collection_options,
            payload_index=not is_local(self._client or self._aclient),
        )
        if client is not None and run(self._client, is_laid_out(self._layout)):
            # a raw store of a calibrated collection may yet be given the calibration by a retriever
            run(self._client, self._open(checked=used is not None, sparse=False))
        self._trained = None if opened else self._layout.trained_similarity(self._contract)
        self._options = search_defaults(similarity, opened, trained=self._trained)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex serialises this class under."""
        return "NormAwareVectorStore"

    @property
    def embed_model(self) -> BaseEmbedding:
        """The encoder this store's contract names."""
        return self._layout.embed_model

    @property
    def calibration(self) -> Calibration | None:
        """What documents are stored by and queries searched with; None where vectors are raw."""
        return self._layout.calibration

    @property
    def trained_similarity(self) -> str | None:
        """Name of what the encoder was trained by, unless a calibration, be it cosine's, takes its place."""
        return self._trained

    @property
    def sparse(self) -> Bm25 | None:
        """What makes its sparse vectors; None where there are none."""
        return self._layout.sparse

    def with_calibration(self, calibration: Calibration | str | Path) -> NormAwareVectorStore:
        """A store of the same collection that is stored by a calibration; raises as the class does."""
        return NormAwareVectorStore(
            self.collection_name,
            client=self._client,
            aclient=self._aclient,
            embed_model=self._layout.embed_model,
            calibration=calibration,
            sparse=self._layout.sparse,
            vector_name=self._field.name,
            tenant=self._tenant,
            allow_normalized=self._layout.allow_normalized,
            collection_options=self._layout.creation,
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
        if nodes:
            self._contract = yield from add_nodes(self._layout, nodes, batch_size=self.batch_size)
            self._collection_initialized = True
        return [node.node_id for node in nodes]

    def index_words(self) -> int:
        """Give every point of an existing collection its sparse vector; the number of points.

        Raises:
            QueryError: when the store has no `sparse`.
            ContractError: when this Qdrant cannot add a vector.
        """
        return run(self._sync(), self._index_words())

    async def aindex_words(self) -> int:
        """`index_words`, without blocking the event loop."""
        return await arun(self._aclient, self._index_words())

    def _index_words(self) -> Steps[int]:
        bm25 = require_fusible(self._layout.sparse)
        return index_words(self.collection_name, bm25, vector_name=self._field.name)

    def search(
        self,
        query: VectorStoreQuery,
        options: SearchOptions | None = None,
        *,
        plan: Plan | None = None,
    ) -> list[NodeWithNorms]:
        """The nodes that answer a query best, with their norms.

        Args:
            query: with a raw embedding; its filters, node and document ids are honoured. In mode `sparse` it
                may be missing, and the numbers of the nodes say nothing then.
            options: None searches by the store's similarity. Its `qdrant_filters` replace the query's.
            plan: how BM25 takes part and how much nodes should differ; None does as the query's mode says.

        Raises:
            QueryError: for a top k below 1, no embedding, or a mode that is not supported.
            DimensionError: when the query's embedding has another dimension than the collection's vectors.
            CollectionError: when the collection is missing, empty, or has points without a norm.
        """
        return run(self._sync(), self._search(query, options, plan))

    async def asearch(
        self,
        query: VectorStoreQuery,
        options: SearchOptions | None = None,
        *,
        plan: Plan | None = None,
    ) -> list[NodeWithNorms]:
        """`search`, without blocking the event loop."""
        return await arun(self._aclient, self._search(query, options, plan))

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`search` as LlamaIndex's stock retriever asks for it.

        Args:
            query: of mode `default`, `hybrid`, `sparse` or `mmr`; see `plan_of`.
            kwargs: fields of `SearchOptions`, the store's similarity where none is given; `fusion` (`rrf` or
                `standardized`) for mode `hybrid`; `mmr_threshold` and `mmr_prefetch_k` or
                `mmr_prefetch_factor` for mode `mmr`.
        """
        return to_query_result(self.search(query, self._by(kwargs), plan=plan_of(query, kwargs)))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """`query`, without blocking the event loop."""
        return to_query_result(await self.asearch(query, self._by(kwargs), plan=plan_of(query, kwargs)))

    def _search(
        self, query: VectorStoreQuery, options: SearchOptions | None, plan: Plan | None
    ) -> Steps[list[NodeWithNorms]]:
        options, plan = options or self._options, plan or plan_of(query)
        require_own_options(options, self._layout.calibration)
        scope = self._selected(options.qdrant_filters or self._build_query_filter(query))
        if scope is not options.qdrant_filters:
            options = dataclasses.replace(options, qdrant_filters=scope)
        contract, points = (self._contract if self._collection_initialized else None), None
        if contract is None or time.monotonic() - self._checked > _TRUSTED_SECONDS:
            contract, points = yield from self._open()
        nodes = yield from search_nodes(
            self._layout,
            query,
            options,
            plan=plan,
            contract=contract,
            points=points,
            parse=self.parse_to_query_result,
        )
        if points is not None:
            self._checked = time.monotonic()
        return nodes

    def _open(self, *, checked: bool = True, sparse: bool = True) -> Steps[tuple[Contract, int]]:
        contract, points = yield from open_layout(self._layout, checked=checked, sparse=sparse)
        self._contract, self._collection_initialized = contract, True
        return contract, points

    def _by(self, kwargs: dict[str, Any]) -> SearchOptions:
        return dataclasses.replace(
            self._options, **{name: value for name, value in kwargs.items() if name not in OPTIONS}
        )

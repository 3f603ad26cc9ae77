"""Rescores retrieved nodes by a similarity, from three numbers alone, or by a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index_instrumentation import get_dispatcher
from numpy.typing import NDArray

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import MissingNormError, QueryError
from norm_aware.llamaindex.calibrated import open_calibration, require_one
from norm_aware.llamaindex.embedding import trained_similarity
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.llamaindex.points import point_id
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.similarity import COSINE, Similarity

dispatcher = get_dispatcher(__name__)


class NormAwareRerank(BaseNodePostprocessor):
    """Reorders nodes by a similarity, or a calibration, other than the one they were retrieved with.

    A similarity needs `NodeWithNorms`, as `NormAwareRetriever` returns them; other postprocessors may stand
    between; those of a calibrated collection are refused, since their numbers are the calibration's. A
    calibration needs no norms: it takes nodes of any retriever, a stock cosine index's too, and embeds the
    query and the nodes' texts.
    The nodes given are not changed. Ties keep the order of node ids; zero and negative scores are ordinary.

    Args:
        similarity: a `Similarity` or its name, as in `parse_similarity`; None takes the
            calibration, else what `embed_model` was trained by, else cosine.
        top_n: how many nodes are kept.
        calibration: a `Calibration` or its file, in place of a similarity.
        embed_model: the encoder: needed with a calibration, which must be made for it; without one it only
            says what it was trained by.
        callback_manager: LlamaIndex's.

    Raises:
        QueryError: when `top_n` is below 1, no similarity has that name, or a calibration lacks its encoder
            or, from `postprocess_nodes`, its query.
        MissingNormError: when a node carries no norms, and no calibration is there to do without.
        CalibrationError: when the calibration cannot be read or was made for another encoder.

    Example:
        >>> from llama_index.core.schema import TextNode
        >>> from norm_aware import NodeWithNorms, NormAwareRerank
        >>> long = NodeWithNorms(node=TextNode(text="a"), score=8, dot=8, query_norm=1, document_norm=10)
        >>> near = NodeWithNorms(node=TextNode(text="b"), score=4, dot=4, query_norm=1, document_norm=4)
        >>> [n.text for n in NormAwareRerank(similarity="cosine", top_n=1).postprocess_nodes([long, near])]
        ['b']
    """

    similarity: str = Field(description="Name of what the nodes are rescored by.")
    top_n: int = Field(description="How many nodes are kept.")
    _similarity: Similarity = PrivateAttr()
    _calibration: Calibration | None = PrivateAttr()
    _embed_model: BaseEmbedding | None = PrivateAttr()

    def __init__(
        self,
        *,
        similarity: str | Similarity | None = None,
        top_n: int = 2,
        calibration: Calibration | str | Path | None = None,
        embed_model: BaseEmbedding | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if top_n < 1:
            raise QueryError(f"top_n is {top_n}; at least 1 is needed.")
        if calibration is not None and embed_model is None:
            raise QueryError("A calibration rescores by embeddings; pass its encoder as embed_model=….")
        opened = None if embed_model is None else open_calibration(calibration, embed_model)
        require_one(similarity, opened)
        if similarity is None and opened is None and embed_model is not None:
            similarity = trained_similarity(embed_model)
        chosen = parse_similarity(COSINE if similarity is None else similarity)
        super().__init__(
            similarity=chosen.name if opened is None else f"calibration {opened.digest}",
            top_n=top_n,
            callback_manager=callback_manager or CallbackManager(),
        )
        self._similarity = chosen
        self._calibration = opened
        self._embed_model = embed_model

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex serialises this class under."""
        return "NormAwareRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query = query_bundle or QueryBundle("")
        name = f"norm-aware:{self.similarity}"
        dispatcher.event(ReRankStartEvent(query=query, nodes=nodes, top_n=self.top_n, model_name=name))
        with self.callback_manager.event(
            CBEventType.RERANKING,
            payload={
                EventPayload.NODES: nodes,
                EventPayload.MODEL_NAME: name,
                EventPayload.QUERY_STR: query.query_str,
                EventPayload.TOP_K: self.top_n,
            },
        ) as event:
            kept = self._rescore(nodes, query)
            event.on_end(payload={EventPayload.NODES: kept})
        dispatcher.event(ReRankEndEvent(nodes=kept))
        return kept

    def _rescore(self, nodes: Sequence[NodeWithScore], query: QueryBundle) -> list[NodeWithScore]:
        if self._calibration is None or self._embed_model is None:
            return rescore(nodes, self._similarity, top_n=self.top_n)
        texts = [text for text in query.embedding_strs if text.strip()]
        if not texts:
            raise QueryError("The query is empty; a calibration rescores by the query's embedding.")
        return recalibrated(
            nodes,
            self._calibration,
            query=self._embed_model.get_agg_embedding_from_queries(texts),
            # the nodes' own embeddings may be another encoder's, or have lost their length in a store
            embeddings=self._embed_model.get_text_embedding_batch(
                [node.node.get_content(MetadataMode.EMBED) for node in nodes]
            ),
            top_n=self.top_n,
        )


def recalibrated(
    nodes: Sequence[NodeWithScore],
    calibration: Calibration,
    *,
    query: list[float],
    embeddings: Sequence[list[float]],
    top_n: int,
) -> list[NodeWithScore]:
    """Copies of the best nodes with their score under a calibration, best first, ties by node id.

    Args:
        nodes: of any retriever.
        calibration: what to score by.
        query: raw embedding of the query.
        embeddings: raw embeddings of the nodes, in their order.
        top_n: how many are kept.
    """
    if not nodes:
        return []
    ids = [point_id(node.node_id) for node in nodes]
    return _best(nodes, calibration.scores([query], embeddings, ids=ids)[0], top_n)


def rescore(nodes: Sequence[NodeWithScore], similarity: Similarity, *, top_n: int) -> list[NodeWithScore]:
    """Copies of the best nodes with their score under a similarity, best first, ties by node id.

    Args:
        nodes: with norms.
        similarity: what to score by.
        top_n: how many are kept.

    Raises:
        MissingNormError: when a node carries no norms.
    """
    carriers = [_require_norms(node) for node in nodes]
    if not carriers:
        return []
    scores = similarity.from_dot(
        [node.dot for node in carriers],
        [node.query_norm for node in carriers],
        [node.document_norm for node in carriers],
    )
    return _best(carriers, scores, top_n)


def _best(nodes: Sequence[NodeWithScore], scores: NDArray[np.float64], top_n: int) -> list[NodeWithScore]:
    # only what is kept is sorted by id and copied: reading ids is slower than scoring
    least = np.partition(scores, -top_n)[-top_n] if top_n < len(nodes) else -np.inf
    kept = sorted(np.flatnonzero(scores >= least).tolist(), key=lambda i: (-scores[i], nodes[i].node_id))[
        :top_n
    ]
    return [nodes[i].model_copy(update={"score": float(scores[i])}) for i in kept]


def _require_norms(node: NodeWithScore) -> NodeWithNorms:
    if isinstance(node, NodeWithNorms):
        if node.calibration is not None:
            raise MissingNormError(
                f"Node {node.node_id} comes from a collection stored by a calibration ({node.calibration}), "
                "whose numbers say nothing of another similarity; rerank by calibration=… and embed_model=…, "
                "or retrieve from raw vectors."
            )
        return node
    raise MissingNormError(
        f"Node {node.node_id} is a {type(node).__name__} without norms; retrieve with NormAwareRetriever, "
        "or wrap the node in NodeWithNorms(node=…, score=…, dot=…, query_norm=…, document_norm=…)."
    )

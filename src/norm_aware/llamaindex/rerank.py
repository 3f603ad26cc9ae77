"""Rescores retrieved nodes with any similarity: arithmetic on three numbers, no vectors, no model."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index_instrumentation import get_dispatcher

from norm_aware.errors import MissingNormError, QueryError
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.numeric.similarity import COSINE, Similarity, parse_similarity

dispatcher = get_dispatcher(__name__)


class NormAwareRerank(BaseNodePostprocessor):
    """Reorders nodes by a similarity other than the one they were retrieved with.

    It needs `NodeWithNorms`, as `NormAwareRetriever` returns them; other postprocessors may stand between.
    The nodes given are not changed. Ties keep the order of node ids; zero and negative scores are ordinary.

    Args:
        similarity: a `Similarity` or its name, as in `parse_similarity`.
        top_n: how many nodes are kept.
        callback_manager: LlamaIndex's.

    Raises:
        QueryError: when `top_n` is below 1 or no similarity has that name.
        MissingNormError: when a node carries no norms.

    Example:
        >>> from llama_index.core.schema import TextNode
        >>> from norm_aware import NodeWithNorms, NormAwareRerank
        >>> long = NodeWithNorms(node=TextNode(text="a"), score=8, dot=8, query_norm=1, document_norm=10)
        >>> near = NodeWithNorms(node=TextNode(text="b"), score=4, dot=4, query_norm=1, document_norm=4)
        >>> [n.text for n in NormAwareRerank(similarity="cosine", top_n=1).postprocess_nodes([long, near])]
        ['b']
    """

    similarity: str = Field(description="Name of the similarity the nodes are rescored with.")
    top_n: int = Field(description="How many nodes are kept.")
    _similarity: Similarity = PrivateAttr()

    def __init__(
        self,
        *,
        similarity: str | Similarity = COSINE,
        top_n: int = 2,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if top_n < 1:
            raise QueryError(f"top_n is {top_n}; at least 1 is needed.")
        chosen = parse_similarity(similarity)
        super().__init__(
            similarity=chosen.name,
            top_n=top_n,
            callback_manager=callback_manager or CallbackManager(),
        )
        self._similarity = chosen

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
            kept = rescore(nodes, self._similarity)[: self.top_n]
            event.on_end(payload={EventPayload.NODES: kept})
        dispatcher.event(ReRankEndEvent(nodes=kept))
        return kept


def rescore(nodes: Sequence[NodeWithScore], similarity: Similarity) -> list[NodeWithScore]:
    """Copies of the nodes with their score under a similarity, best first, ties by node id.

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
    order = sorted(range(len(carriers)), key=lambda i: (-scores[i], carriers[i].node_id))
    return [carriers[i].model_copy(update={"score": float(scores[i])}) for i in order]


def _require_norms(node: NodeWithScore) -> NodeWithNorms:
    if isinstance(node, NodeWithNorms):
        return node
    raise MissingNormError(
        f"Node {node.node_id} is a {type(node).__name__} without norms; retrieve with NormAwareRetriever, "
        "or wrap the node in NodeWithNorms(node=…, score=…, dot=…, query_norm=…, document_norm=…)."
    )

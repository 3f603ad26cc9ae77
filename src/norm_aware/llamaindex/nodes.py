"""A retrieved node that carries the three numbers any similarity is computed from."""

from __future__ import annotations

from llama_index.core.bridge.pydantic import Field
from llama_index.core.schema import BaseNode, NodeWithScore
from llama_index.core.vector_stores.types import VectorStoreQueryResult

from norm_aware.qdrant.search import Hit


class NodeWithNorms(NodeWithScore):
    """A `NodeWithScore` that also knows its dot score and both norms.

    The numbers stand beside the node, not in its metadata: there they would reach the prompt and the
    embedded text, and change the node's hash, by which LlamaIndex's fusion recognises the same node.

    Attributes:
        dot: inner product of the raw query and the raw document embedding.
        query_norm: length of the raw query embedding.
        document_norm: length of the raw document embedding.
        calibration: digest of the calibration that the collection is stored by. The three numbers then are
            those of its vectors, which say nothing of other similarities; None where vectors are raw.
        certified: whether the search proved that no document outside its candidates scores better; None
            where no search of ours found the node.
    """

    dot: float = Field(description="Inner product of the raw query and document embeddings.")
    query_norm: float = Field(description="Length of the raw query embedding.")
    document_norm: float = Field(description="Length of the raw document embedding.")
    calibration: str | None = Field(default=None, description="What the collection is stored by.")
    certified: bool | None = Field(default=None, description="Whether the search proved itself exact.")

    @classmethod
    def from_hit(
        cls, node: BaseNode, hit: Hit, *, calibration: str | None = None, certified: bool | None = None
    ) -> NodeWithNorms:
        """The node read from a hit's payload, with the hit's numbers."""
        return cls(
            node=node,
            score=hit.score,
            dot=hit.dot,
            query_norm=hit.query_norm,
            document_norm=hit.document_norm,
            calibration=calibration,
            certified=certified,
        )

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex serialises this class under."""
        return "NodeWithNorms"


def to_query_result(nodes: list[NodeWithNorms]) -> VectorStoreQueryResult:
    """The nodes as LlamaIndex's stock retriever takes them: it knows of no norms."""
    return VectorStoreQueryResult(
        nodes=[node.node for node in nodes],
        similarities=[float(node.score or 0.0) for node in nodes],
        ids=[node.node_id for node in nodes],
    )

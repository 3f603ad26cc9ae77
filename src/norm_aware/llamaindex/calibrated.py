"""How the LlamaIndex classes take a calibration: an object or its file, beside or instead of a similarity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llama_index.core.base.embeddings.base import BaseEmbedding

from norm_aware.calibration.calibration import Calibration
from norm_aware.errors import QueryError
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.llamaindex.nodes import NodeWithNorms
from norm_aware.numeric.similarity import COSINE, DOT, Similarity
from norm_aware.qdrant.options import SearchOptions


def open_calibration(
    calibration: Calibration | str | Path | None, embed_model: BaseEmbedding
) -> Calibration | None:
    """A calibration, read from its file where that is given.

    Raises:
        CalibrationError: when the file cannot be read, or it was made for another encoder.
    """
    if isinstance(calibration, (str, Path)):
        calibration = Calibration.load(calibration)
    if calibration is not None:
        calibration.require_encoder(encoder_identity(embed_model))
    return calibration


def applied(calibration: Calibration | None) -> Calibration | None:
    """The calibration, unless it is cosine, which needs nothing of a collection: its vectors stay raw."""
    return None if calibration is None or calibration.is_cosine else calibration


def require_one(similarity: str | Similarity | None, calibration: Calibration | None) -> None:
    """Refuse a similarity beside a calibration.

    Raises:
        QueryError: when both are given.
    """
    if calibration is not None and similarity is not None:
        raise QueryError(
            f"Similarity {str(similarity)!r} was given beside a calibration, which has its own "
            f"({calibration}); leave one of the two out."
        )


def require_own_options(options: SearchOptions, calibration: Calibration | None) -> None:
    """Refuse to search a calibrated collection by anything but its calibration.

    Raises:
        QueryError: when the similarity is another, or offsets are left out.
    """
    if calibration is None:
        return
    if options.similarity != DOT or options.offset != calibration.has_offsets:
        raise QueryError(
            f"Similarity {str(options.similarity)!r} was asked of a collection that is stored by a "
            f"calibration ({calibration}) and ranks by that alone; leave the similarity out, or "
            "search raw vectors."
        )


def search_defaults(
    similarity: str | Similarity | None,
    calibration: Calibration | None,
    *,
    trained: str | Similarity | None = None,
) -> SearchOptions:
    """How to search by a similarity, or by a calibration, whose stored vectors Dot ranks by.

    Args:
        similarity: what was chosen; None leaves it to the calibration, the encoder's training, and cosine.
        calibration: what the collection is stored by.
        trained: what the encoder was trained by, which a calibration, cosine's too, takes the place of.

    Raises:
        QueryError: when both are given.
    """
    require_one(similarity, calibration)
    if calibration is None:
        chosen = trained if similarity is None else similarity
        return SearchOptions(COSINE if chosen is None else chosen)
    if calibration.is_cosine:
        return SearchOptions(COSINE)
    return SearchOptions(DOT, offset=calibration.has_offsets)


def require_probability(least: float | None, calibration: Calibration | None) -> None:
    """Refuse a least probability that nothing can be held against.

    Raises:
        QueryError: when it is none, or no judged calibration gives probabilities.
    """
    if least is None:
        return
    if not 0 <= least <= 1:
        raise QueryError(f"min_probability is {least}; a number from 0 to 1 is needed.")
    if calibration is None or calibration.probability is None:
        raise QueryError(
            "min_probability needs a calibration made from judged queries, which tells how probable "
            "relevance is at a score; `norm-aware calibrate` makes one."
        )


def probable(
    nodes: Sequence[NodeWithNorms],
    query: list[float],
    calibration: Calibration | None,
    least: float | None,
) -> Sequence[NodeWithNorms]:
    """The nodes at least so probably relevant; all of them where no least probability is set.

    Args:
        nodes: as a calibrated collection found them.
        query: raw embedding of the query.
        calibration: what the collection is stored by.
        least: from 0 to 1.
    """
    if least is None or calibration is None or calibration.probability is None or not nodes:
        return nodes
    scores = [[float(node.score or 0.0) for node in nodes]]
    probabilities = calibration.probability(calibration.queries([query]), scores)[0]
    return [node for node, value in zip(nodes, probabilities, strict=True) if value >= least]

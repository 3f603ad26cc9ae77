"""Hard negatives: documents that an encoder takes for relevant and that nobody says are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from norm_aware.errors import TrainingError
from norm_aware.training.extra import require_training
from norm_aware.training.pairs import Pair

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MARGIN = 0.05
"""Share of the relevant document's cosine that a negative must stay below it: TopK-PercPos at 95%, the best
of NV-Retriever's (Moreira et al. 2024, arXiv:2407.15831)."""

_DEEPEST = 100  # ranks looked at besides the relevant documents'
_QUERIES = 1024  # scored at once


@dataclass(frozen=True, slots=True)
class Mined:
    """Pairs with hard negatives.

    Attributes:
        pairs: in the order they came, each with the same number of further negatives.
        drawn: share of those negatives that were drawn by chance for want of a hard one.
    """

    pairs: list[Pair]
    drawn: float


def mine(
    pairs: Sequence[Pair],
    encoder: SentenceTransformer,
    *,
    count: int,
    corpus: Sequence[str] = (),
    margin: float = MARGIN,
    seed: int = 0,
) -> Mined:
    """Give every pair the documents that rank highest for its query and are not known to be relevant.

    Ranked are all documents of the pairs, by cosine. Never taken are the relevant documents of an equal
    query, a pair's own negatives, and what comes within the margin of the query's relevant document (the
    farthest of several) or above: a document that an encoder prefers to the labelled one is more often a
    second answer than a mistake. A pair whose document ranks low so finds fewer than `count`, or none; it is
    filled up by documents drawn from its own source, which is what the batch would have given it, for
    dropping it would drop the pairs there is most to learn from.

    Args:
        pairs: of a query and a relevant document each; negatives they have are kept, in front.
        encoder: what ranks.
        count: negatives a pair.
        corpus: texts of further documents.
        margin: see `MARGIN`; 0 lets everything below the relevant document in.
        seed: of what is drawn.

    Raises:
        TrainingError: for a count below 1, a margin out of range, or fewer documents than are needed.
        MissingExtraError: when the datasets library is not installed.

    Example:
        >>> mine(pairs, offline.static_encoder(), count=2).pairs[0].negatives  # doctest: +SKIP
    """
    if count < 1 or not 0 <= margin < 1:
        raise TrainingError(
            f"{count} hard negatives at a margin of {margin} cannot be mined; at least 1 is needed, at a "
            "margin from 0 to below 1."
        )
    require_training()
    relevant: dict[str, set[str]] = {}
    sources: dict[str, dict[str, None]] = {}
    for pair in pairs:
        relevant.setdefault(pair.query, set()).add(pair.document)
        sources.setdefault(pair.source, {})[pair.document] = None
    own = max((len(pair.negatives) for pair in pairs), default=0)
    hard = _hard_negatives(pairs, encoder, count=count + own, corpus=corpus, margin=margin)
    documents = list(dict.fromkeys([*(pair.document for pair in pairs), *corpus]))
    pools = {source: list(texts) for source, texts in sources.items()}
    generator = np.random.default_rng(seed)
    found, drawn = [], 0
    for pair in pairs:
        barred = {*relevant[pair.query], *pair.negatives}
        new = [text for text in hard.get(pair.query, ()) if text not in barred][:count]
        for pool in (pools[pair.source], documents):
            more = _draw(pool, count - len(new), barred.union(new), generator)
            new, drawn = new + more, drawn + len(more)
        if len(new) < count:
            raise TrainingError(
                f"{count} negatives are wanted and {len(new)} of {len(documents)} documents are none of "
                f"{pair.query!r}'s own; ask for fewer, or give more documents."
            )
        found.append(replace(pair, negatives=(*pair.negatives, *new)))
    return Mined(found, drawn / max(1, count * len(found)))


def _hard_negatives(
    pairs: Sequence[Pair], encoder: SentenceTransformer, *, count: int, corpus: Sequence[str], margin: float
) -> Mapping[str, Sequence[str]]:
    """What sentence-transformers finds for each query, the hardest first, at most `count`."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    columns = {"query": [pair.query for pair in pairs], "document": [pair.document for pair in pairs]}
    rows = mine_hard_negatives(
        Dataset.from_dict(columns),
        encoder,
        corpus=list(corpus) or None,
        range_max=max(_DEEPEST, count),
        relative_margin=margin,
        num_negatives=count,
        # other formats drop the pairs that find too few, or repeat them
        output_format="labeled-list",
        faiss_batch_size=_QUERIES,
        verbose=False,
    )
    return {row["query"]: row["document"][1:] for row in rows}


def _draw(
    pool: Sequence[str], count: int, barred: Collection[str], generator: np.random.Generator
) -> list[str]:
    """As many texts of a pool that are not barred; fewer where it has no more."""
    if count == 0:
        return []
    size = min(len(pool), count + len(barred))
    places = generator.choice(len(pool), size=size, replace=False)
    return [text for text in (pool[place] for place in places) if text not in barred][:count]

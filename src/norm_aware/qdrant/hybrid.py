"""Dense and sparse search as one ranking: the meaning of a text, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from norm_aware.errors import QueryError
from norm_aware.numeric.fusion import fuse_standardized
from norm_aware.numeric.parse_similarity import parse_similarity
from norm_aware.numeric.transform import directions
from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.options import ALL, SearchOptions, first_candidates, params_of, require_positive
from norm_aware.qdrant.request import norm_ranges, of_length, rescored
from norm_aware.qdrant.search import Found, Hit, in_order, is_plain, missing_norm, payload_of, search
from norm_aware.qdrant.sparse import sparse_query

KINDS = ("rrf", "standardized")
"""Ways to fuse: by ranks, in Qdrant, or by standardised scores, here."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a dense and a sparse ranking become one.

    A branch of weight 0 is not asked, and one that answers alone keeps its own scores: with alpha 1 this is
    the dense search, with alpha 0 the BM25 one.

    Attributes:
        kind: `rrf` fuses by ranks in one request (reciprocal rank fusion, Cormack et al., SIGIR 2009, with
            Qdrant's constant), `standardized` by scores, each in standard deviations over the candidates.
        alpha: weight of the dense branch, from 0 to 1; the sparse one has the rest.
        candidates: of each branch; None takes 4 times the hits wanted, at least 50.

    Raises:
        QueryError: for another kind, a weight out of range or candidates below 1.
    """

    kind: str = "rrf"
    alpha: float = 0.5
    candidates: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise QueryError(f"Hybrid search by {self.kind!r} is unknown; choose one of {', '.join(KINDS)}.")
        if not 0 <= self.alpha <= 1:
            raise QueryError(
                f"alpha is {self.alpha}; a number from 0 (BM25 alone) to 1 (dense alone) is needed."
            )
        require_positive("candidates", self.candidates)

    def depth(self, limit: int) -> int:
        """Candidates of each branch where so many hits are wanted."""
        return max(limit, self.candidates or max(50, 4 * limit))


def hybrid_search(
    collection: str,
    query: NDArray[np.float32],
    sparse: models.SparseVector,
    *,
    limit: int,
    contract: Contract,
    options: SearchOptions,
    fusion: Fusion,
    scope: models.Filter | None = None,
    local: bool = False,
) -> Steps[Found]:
    """Search by a similarity and by BM25.

    Args:
        collection: name of a collection with both kinds of vectors.
        query: raw query embedding, shape (dimension,).
        sparse: the query's terms; without any, the dense branch answers alone.
        limit: how many hits are wanted, at least 1.
        contract: the collection's.
        options: of the dense branch; its filter holds for both.
        fusion: how they become one.
        scope: the points among which a term's rarity is measured; None takes all.
        local: as in `search`.

    Returns:
        Steps that end in at most `limit` hits, best first. Their three numbers are those of the dense
        vectors, whichever branch found them; their score is the fusion's, which certifies nothing.

    Raises:
        MissingNormError: when a hit carries no norm.
    """
    if fusion.alpha == 1 or (fusion.alpha > 0 and not sparse.indices):
        return (
            yield from search(collection, query, limit=limit, contract=contract, options=options, local=local)
        )
    if not sparse.indices:
        return Found([], certified=True, rounds=0)
    depth = fusion.depth(limit) if fusion.alpha else limit
    query_filter = options.qdrant_filters
    if contract.others:  # a point without the vector is no document of this contract
        met: list[models.Condition] = [contract.field.present]
        query_filter = models.Filter(must=met if query_filter is None else [*met, query_filter])
    terms = sparse_query(sparse, limit=depth, query_filter=query_filter, scope=scope)
    if fusion.alpha and fusion.kind == "rrf":
        dense = _dense_branch(query, depth, contract, options)
        weights = [2 * fusion.alpha, 2 * (1 - fusion.alpha)]
        request = {
            "prefetch": [dense, models.Prefetch(**terms)],
            "query": models.FusionQuery(fusion=models.Fusion.RRF)
            if fusion.alpha == 0.5  # which servers older than weights understand too
            else models.RrfQuery(rrf=models.Rrf(weights=weights)),
            "limit": limit,
        }
        fused = yield from _asked(collection, query, request, contract, options)
        return Found(in_order(fused), certified=False)
    request = {**terms, "query_filter": terms["filter"], "search_params": terms["params"]}
    del request["filter"], request["params"]
    found = yield from _asked(collection, query, request, contract, options)
    if not fusion.alpha:
        return Found(in_order(found), certified=True)
    dense_found = yield from search(
        collection, query, limit=depth, contract=contract, options=options, local=local
    )
    hits = _standardized(dense_found.hits, found, options, fusion, depth)[:limit]
    return Found(hits, certified=False, rounds=dense_found.rounds + 1)


def _dense_branch(
    query: NDArray[np.float32], depth: int, contract: Contract, options: SearchOptions
) -> models.Prefetch:
    """The dense search as one branch of another request."""
    similarity = parse_similarity(options.similarity)
    query_norm = float(np.linalg.norm(query.astype(np.float64)))
    if is_plain(options, contract):
        return models.Prefetch(
            query=of_length(1.0, query, query_norm),
            using=contract.field.using,
            filter=options.qdrant_filters,
            params=params_of(options, limit=depth),
            limit=depth,
        )
    request = rescored(
        of_length(1.0, query, query_norm),
        norm_ranges(() if options.exact else contract.norm_edges),
        ALL if options.exact else first_candidates(depth, options, contract.stored_power),
        options=options,
        similarity=similarity,
        query_norm=query_norm,
        stored_power=contract.stored_power,
        field=contract.field,
    )
    return models.Prefetch(**request, limit=depth)


def _asked(
    collection: str,
    query: NDArray[np.float32],
    request: dict[str, Any],
    contract: Contract,
    options: SearchOptions,
) -> Steps[list[Hit]]:
    """Hits of a request whose scores are not the similarity's: their numbers come from the vectors."""
    response = yield call(
        "query_points",
        collection_name=collection,
        with_payload=payload_of(contract),
        with_vectors=True,
        **request,
    )
    return [_measured(point, query, collection, contract, options) for point in response.points]


def _measured(
    point: models.ScoredPoint,
    query: NDArray[np.float32],
    collection: str,
    contract: Contract,
    options: SearchOptions,
) -> Hit:
    payload, vector = point.payload or {}, contract.field.of(point.vector)
    length = payload.get(contract.field.norm)
    if vector is None or not isinstance(length, (int, float)):
        raise missing_norm(collection, field=contract.field)
    asked, found = directions(np.stack([query, np.asarray(vector, dtype=np.float32)]))
    query_norm = float(np.linalg.norm(query.astype(np.float64)))
    added = float(payload.get(contract.field.offset) or 0.0) if options.offset else 0.0
    # by the cosine, which holds also where a vector is stored at another length than its norm
    dot = float(asked @ found) * query_norm * float(length)
    return Hit(point, float(point.score), dot, query_norm, float(length), added)


def _standardized(
    dense: list[Hit], sparse: list[Hit], options: SearchOptions, fusion: Fusion, depth: int
) -> list[Hit]:
    """The candidates of both branches, by their fused scores."""
    similarity = parse_similarity(options.similarity)
    words = {str(hit.point.id): hit.score for hit in sparse}
    # a candidate that BM25 did not find has none of the words, or less than the last that was found
    least = min(words.values()) if len(words) >= depth else 0.0
    union = {str(hit.point.id): hit for hit in [*sparse, *dense]}  # the dense branch's scores are Qdrant's
    own = {str(hit.point.id): hit.score for hit in dense}
    meanings = [
        own[name]
        if name in own
        else float(similarity.from_dot(hit.dot, hit.query_norm, hit.document_norm)) + hit.offset
        for name, hit in union.items()
    ]
    scores = fuse_standardized(
        meanings, [words.get(name, least) for name in union], alpha=fusion.alpha
    ).tolist()
    return in_order(
        [
            Hit(hit.point, score, hit.dot, hit.query_norm, hit.document_norm, hit.offset)
            for hit, score in zip(union.values(), scores, strict=True)
        ]
    )

"""qdrant-client's queries, prefetches and search parameters as the embedded engine takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from norm_aware.qdrant.embedded.edge import edge, named, refuse
from norm_aware.qdrant.embedded.filters import to_filter
from norm_aware.qdrant.embedded.formulas import to_expression
from norm_aware.qdrant.embedded.vectors import to_vector

_LIMIT = 10  # Qdrant's defaults
_RRF_K = 2


def to_request(given: models.QueryRequest) -> edge.QueryRequest:
    """A query with all that goes with it.

    Raises:
        UnsupportedError: for what the engine does not have.
    """
    if given.lookup_from is not None:
        raise refuse("lookup_from")
    limit = _LIMIT if given.limit is None else given.limit
    return edge.QueryRequest(
        limit=limit,
        offset=given.offset,
        query=_query(given.query, given.using, limit),
        prefetches=_prefetches(given.prefetch),
        with_vector=to_wanted_vectors(given.with_vector),
        with_payload=to_wanted_payload(given.with_payload),
        filter=to_filter(given.filter),
        score_threshold=given.score_threshold,
        params=_params(given.params),
    )


def to_wanted_payload(wanted: Any) -> Any:
    """Which payload comes back: all, none, keys, or all but some keys."""
    if isinstance(wanted, models.PayloadSelectorInclude):
        return edge.PayloadSelector.Include(wanted.include)
    if isinstance(wanted, models.PayloadSelectorExclude):
        return edge.PayloadSelector.Exclude(wanted.exclude)
    return wanted if isinstance(wanted, bool) or wanted is None else list(wanted)


def to_wanted_vectors(wanted: Any) -> Any:
    """Which vectors come back: all, none, or names."""
    return wanted if isinstance(wanted, bool) or wanted is None else list(wanted)


def to_order(given: Any) -> edge.OrderBy | None:
    """An order by a payload key, None for None."""
    if given is None or isinstance(given, str):
        return None if given is None else edge.OrderBy(given)
    direction = None if given.direction is None else named(edge.Direction, given.direction)
    return edge.OrderBy(given.key, direction=direction, start_from=given.start_from)


def _prefetches(given: Any) -> list[edge.Prefetch] | None:
    if given is None:
        return None
    return [_prefetch(p) for p in (given if isinstance(given, Sequence) else [given])]


def _prefetch(given: models.Prefetch) -> edge.Prefetch:
    if given.lookup_from is not None:
        raise refuse("lookup_from")
    limit = _LIMIT if given.limit is None else given.limit
    return edge.Prefetch(
        limit=limit,
        query=_query(given.query, given.using, limit),
        prefetches=_prefetches(given.prefetch),
        params=_params(given.params),
        filter=to_filter(given.filter),
        score_threshold=given.score_threshold,
    )


def _query(given: Any, using: str | None, limit: int) -> Any:
    if given is None:
        return None
    if isinstance(given, (list, np.ndarray, models.SparseVector)):
        return edge.Query.Nearest(to_vector(given), using=using)
    if isinstance(given, models.NearestQuery):
        return _nearest(given, using, limit)
    convert = _QUERIES.get(type(given))
    if convert is None:
        raise refuse(f"the query {type(given).__name__}")
    return convert(given)


def _nearest(given: models.NearestQuery, using: str | None, limit: int) -> Any:
    if not isinstance(given.nearest, (list, models.SparseVector)):
        raise refuse(f"a query by {type(given.nearest).__name__}")
    vector = to_vector(given.nearest)
    if given.mmr is None:
        return edge.Query.Nearest(vector, using=using)
    # Qdrant's diversity is 1 minus what the engine calls lambda
    diversity = 0.5 if given.mmr.diversity is None else given.mmr.diversity
    return edge.Mmr(vector, 1 - diversity, given.mmr.candidates_limit or limit, using=using)


def _fusion(given: models.FusionQuery) -> Any:
    return edge.Fusion.Dbsf() if given.fusion == models.Fusion.DBSF else edge.Fusion.Rrf(k=_RRF_K)


def _rrf(given: models.RrfQuery) -> Any:
    weights = getattr(given.rrf, "weights", None)
    return edge.Fusion.Rrf(k=given.rrf.k or _RRF_K, weights=weights)


def _formula(given: models.FormulaQuery) -> Any:
    return edge.Formula(to_expression(given.formula), given.defaults)


_QUERIES: dict[type, Callable[[Any], Any]] = {
    models.FusionQuery: _fusion,
    models.RrfQuery: _rrf,
    models.FormulaQuery: _formula,
    models.SampleQuery: lambda given: named(edge.Sample, given.sample),
    models.OrderByQuery: lambda given: to_order(given.order_by),
}


def _params(given: models.SearchParams | None) -> edge.SearchParams | None:
    if given is None:
        return None
    idf = getattr(given, "idf", None)  # newer than the oldest qdrant-client we take
    if given.acorn is not None or isinstance(idf, str):
        raise refuse("the search parameters acorn and a named scope of idf")
    quantization = given.quantization
    return edge.SearchParams(
        hnsw_ef=given.hnsw_ef,
        exact=bool(given.exact),
        indexed_only=bool(given.indexed_only),
        idf=None if idf is None else edge.IdfParams(to_filter(idf.corpus)),
        quantization=None
        if quantization is None
        else edge.QuantizationSearchParams(
            ignore=bool(quantization.ignore),
            rescore=quantization.rescore,
            oversampling=quantization.oversampling,
        ),
    )

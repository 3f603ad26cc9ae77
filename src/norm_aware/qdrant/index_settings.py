"""How the vector index of a Dot collection is built and searched, so that it finds what exact search finds.

HNSW walks towards the nearest neighbour, and the inner product has none to walk towards: long documents are
near everything and short ones are reached by few links. The top 10 suffer little, the pool of 100 that a
reranker wants much (measured by `integration/engine_recall.py`). Searching wider does not repair it; more
links do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from qdrant_client import models

from norm_aware.errors import QueryError

Quantization = Literal["none", "scalar"]

EF = 96
"""Width of a graph search, unless more hits are wanted."""

_WIDER = 2  # how much wider than the hits wanted it is at least
_OVERSAMPLING = 3.0  # candidates rescored per hit under scalar quantisation


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Settings of HNSW and of quantisation, for a collection that is created.

    The defaults cost, beside Qdrant's own (m 16, ef_construct 100), about three times the time to build, four
    times the links' memory (about `m * 2 * 4` bytes a point) and a third more time of a search; about half of
    that where all stored vectors have one length.

    Attributes:
        m: links of a point; None takes 64, and 32 for vectors of one length (`stored_power` 0).
        ef_construct: width of the search that chooses them; None takes 300 and 200.
        quantization: "scalar" keeps int8 numbers in memory, a quarter of the vectors' size, and rescores
            three candidates a hit by the vectors themselves.

    Raises:
        QueryError: for numbers that HNSW cannot use, and for binary quantisation, which keeps only signs: the
            length is lost, and with it half of the exact top 10 and more.

    Example:
        >>> [IndexSettings().creation(stored_power=power)["hnsw_config"].m for power in (1, 0)]
        [64, 32]
    """

    m: int | None = None
    ef_construct: int | None = None
    quantization: Quantization = "none"

    def __post_init__(self) -> None:
        for name, least in {"m": 2, "ef_construct": 4}.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise QueryError(f"{name} is {value}; at least {least} is needed.")
        if self.quantization not in ("none", "scalar"):
            raise QueryError(
                f"Quantization {self.quantization!r} is not offered under Dot: what it keeps of a vector "
                "does not tell its length, so that rescoring starts from the wrong candidates. Take 'scalar' "
                "or 'none'."
            )

    def creation(self, *, stored_power: float = 1.0) -> dict[str, Any]:
        """Arguments of Qdrant's `create_collection` and `update_collection`.

        Args:
            stored_power: of the collection's vectors.
        """
        m, ef_construct = (64, 300) if stored_power else (32, 200)
        return {
            "hnsw_config": models.HnswConfigDiff(
                m=m if self.m is None else self.m,
                ef_construct=ef_construct if self.ef_construct is None else self.ef_construct,
            ),
            **({} if self.quantization == "none" else {"quantization_config": _SCALAR}),
        }


def search_params(*, limit: int, exact: bool = False, ef: int | None = None) -> models.SearchParams:
    """How one search goes through the index.

    Args:
        limit: hits wanted.
        exact: by brute force over the vectors themselves.
        ef: width of the graph search; None takes 96, and at least twice the hits.

    Example:
        >>> search_params(limit=10).hnsw_ef
        96
    """
    if exact:
        return models.SearchParams(exact=True, quantization=models.QuantizationSearchParams(ignore=True))
    return models.SearchParams(
        hnsw_ef=max(EF, _WIDER * limit) if ef is None else ef,
        # of no effect where vectors are not quantised
        quantization=models.QuantizationSearchParams(rescore=True, oversampling=_OVERSAMPLING),
    )


_SCALAR = models.ScalarQuantization(
    scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
)

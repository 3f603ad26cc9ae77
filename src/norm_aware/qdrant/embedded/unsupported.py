"""What qdrant-client's interface has and the embedded engine has not, refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from qdrant_client import models
from qdrant_client.client_base import QdrantBase

from norm_aware.qdrant.embedded.edge import refuse

DONE = models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
"""What every change returns: it is done by then."""

# what has no meaning for one process that answers once it is done
_MEANINGLESS = frozenset({"wait", "ordering", "consistency", "timeout", "parallel", "method", "max_retries"})

# of a cluster, whose only node this is
_SINGLE = frozenset({"shard_number", "replication_factor", "write_consistency_factor"})


def require_supported(arguments: Mapping[str, Any], method: str) -> None:
    """Refuse arguments that would be ignored.

    Args:
        arguments: what a method was given beyond what it knows.
        method: its name.

    Raises:
        UnsupportedError: naming the first that was set.
    """
    for name, value in arguments.items():
        if value is None or name in _MEANINGLESS or (name in _SINGLE and value == 1):
            continue
        raise refuse(f"{name} in {method}")


def refuse_missing(kind: type[QdrantBase]) -> type[QdrantBase]:
    """Let every method of qdrant-client's interface that a class leaves out refuse by name."""
    for name, method in vars(QdrantBase).items():
        if callable(method) and not name.startswith("_") and getattr(kind, name) is method:
            setattr(kind, name, _refusal(name))
    return kind


def _refusal(method: str) -> Any:
    def refused(*_: Any, **__: Any) -> NoReturn:
        raise refuse(method)

    refused.__name__ = method
    return refused

"""Qdrant Edge, the engine itself in this process, or the error that says how to install it."""

from __future__ import annotations

from typing import Any, TypeVar

from norm_aware.errors import CollectionError, MissingExtraError, UnsupportedError, first_line

try:
    import qdrant_edge as edge
except ImportError as error:  # no wheel on every platform
    raise MissingExtraError(
        "The embedded engine needs qdrant-edge-py: pip install 'norm-aware[embedded]'; where it has no "
        "wheel, QdrantClient(path=…) is the slower local mode, and QdrantClient(url=…) a server."
    ) from error

__all__ = ["edge", "named", "refuse", "reject"]

T = TypeVar("T")


def named(kind: type[T], value: Any) -> T:
    """The member of one of Edge's enumerations that is spelt like a value of qdrant-client's."""
    wanted = str(getattr(value, "value", value)).replace("_", "").lower()
    for name in dir(kind):
        if name.lower() == wanted:
            member: T = getattr(kind, name)
            return member
    raise refuse(f"{kind.__name__} {value!r}")


def refuse(what: str) -> UnsupportedError:
    """The error for something Qdrant has and this engine has not."""
    return UnsupportedError(
        f"The embedded engine does not support {what}; leave it out, or use a Qdrant server "
        "(QdrantClient(url=…))."
    )


def reject(error: BaseException, *, collection: str) -> CollectionError:
    """The error for what the engine itself refused, which it says in one line."""
    reason = first_line(error).removeprefix("Service runtime error: ")
    return CollectionError(f"Collection {collection!r} of the embedded engine refused this: {reason}")

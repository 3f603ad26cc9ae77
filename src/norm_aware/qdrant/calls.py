"""Qdrant work written once for the sync and the async client.

A function of this package that talks to Qdrant is a generator: it yields `Call`s and receives their
results. `run` drives it with a `QdrantClient`, `arun` with an `AsyncQdrantClient`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.qdrant.reliable import reliable

T = TypeVar("T")


class Call(NamedTuple):
    """One method of a Qdrant client and its keyword arguments."""

    method: str
    arguments: dict[str, Any]


Steps: TypeAlias = Generator[Call, Any, T]
"""Qdrant work that ends in a `T`."""


def call(method: str, **arguments: Any) -> Call:
    """A `Call` written as the call it stands for."""
    return Call(method, arguments)


def run(client: QdrantClient, steps: Steps[T]) -> T:
    """Do the work with a sync client; its errors surface inside the steps, then here.

    A server's client is made `reliable` first, unless it is already.
    """
    client = reliable(client)
    try:
        wanted = next(steps)
        while True:
            try:
                with _lock(client):
                    reply = getattr(client, wanted.method)(**wanted.arguments)
            except Exception as error:  # the steps decide what an engine's error means
                wanted = steps.throw(error)
            else:
                wanted = steps.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def arun(client: AsyncQdrantClient, steps: Steps[T]) -> T:
    """`run` with an async client."""
    client = reliable(client)
    try:
        wanted = next(steps)
        while True:
            try:
                reply = await getattr(client, wanted.method)(**wanted.arguments)
            except Exception as error:  # the steps decide what an engine's error means
                wanted = steps.throw(error)
            else:
                wanted = steps.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result


class ThreadedClient:
    """A sync client where an async one is wanted: each call runs in a thread.

    In-memory and on-disk local clients need it, since a second client would not see the first one's data.
    Local mode is not made for threads, so its calls take turns.
    """

    def __init__(self, client: QdrantClient) -> None:
        self._sync = client

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._sync, name)

        def in_turn(*args: Any, **kwargs: Any) -> Any:
            with _lock(self._sync):
                return method(*args, **kwargs)

        async def threaded(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(in_turn, *args, **kwargs)

        return threaded


def as_async(client: QdrantClient) -> AsyncQdrantClient:
    """An async client on a sync one's data: its own where it has one, calls in threads otherwise."""
    own: Callable[[], AsyncQdrantClient] | None = getattr(client, "as_async", None)
    return cast("AsyncQdrantClient", ThreadedClient(client)) if own is None else own()


def _lock(client: QdrantClient) -> AbstractContextManager[Any]:
    """What a call must hold: one lock for all users of a local client, nothing for a server's."""
    if not is_local(client):
        return nullcontext()
    lock: AbstractContextManager[Any] = client.__dict__.setdefault("_norm_aware_lock", threading.RLock())
    return lock


def is_local(client: AsyncQdrantClient | QdrantClient) -> bool:
    """Whether the client is qdrant-client's own local mode, which has no payload index."""
    return type(getattr(client, "_client", None)).__name__ in {"QdrantLocal", "AsyncQdrantLocal"}

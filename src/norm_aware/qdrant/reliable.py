"""A Qdrant client that sends again what may be sent again, and whose errors are ours and hold no key."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.errors import CollectionError
from norm_aware.qdrant.failure import read_failure
from norm_aware.qdrant.retry import REPEATABLE, RetryPolicy

C = TypeVar("C", QdrantClient, AsyncQdrantClient)

IN_FLIGHT = 64
"""Calls that an async client has on their way at once; httpx keeps at most 100 connections."""

_logger = logging.getLogger(__name__)


def reliable(client: C, policy: RetryPolicy | None = None) -> C:
    """The client with retries and clear errors; itself where it is no server's, or has them already.

    Args:
        client: a `QdrantClient` or an `AsyncQdrantClient`.
        policy: how often and how patiently to try; None takes `RetryPolicy()`.

    Returns:
        What has every method of the client. Its errors are `ServerError`s, without the request in them.

    Example:
        >>> from qdrant_client import QdrantClient
        >>> client = reliable(QdrantClient(url="http://localhost:6333", check_compatibility=False))
        >>> client.count("documents")  # doctest: +SKIP
    """
    remote = type(getattr(client, "_client", None)).__name__ in {"QdrantRemote", "AsyncQdrantRemote"}
    if not remote or isinstance(client, ReliableClient):
        return client
    return cast("C", ReliableClient(client, policy or RetryPolicy()))


class ReliableClient:
    """A server's client, each method of which is tried as often as a policy says. `reliable` makes one.

    An async one has at most `IN_FLIGHT` calls on their way, so that a thousand at once wait for their turn
    here and not for an answer, whose time is limited.

    Args:
        client: of a server.
        policy: how often and how patiently to try.
        sleep: waits, in a sync client.
        asleep: waits, in an async one.
    """

    def __init__(
        self,
        client: QdrantClient | AsyncQdrantClient,
        policy: RetryPolicy,
        *,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._plain = client
        self._policy = policy
        self._sleep = sleep
        self._asleep = asleep
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def __repr__(self) -> str:
        """The server's address, and nothing that a header holds."""
        return f"{type(self).__name__}({getattr(self._plain._client, 'rest_uri', '')!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_plain":  # before __init__, as when copied
            raise AttributeError(name)
        found = getattr(self._plain, name)
        if name.startswith("_") or name == "close" or not callable(found):
            return found
        method: Callable[..., Any] = found

        def tried(*args: Any, **kwargs: Any) -> Any:
            attempts = _Attempts(self._plain, self._policy, name, _collection(args, kwargs))
            while True:
                try:
                    return method(*args, **kwargs)
                except Exception as error:
                    if (decided := attempts.after(error)) is None:
                        raise
                # outside of the except block, so that the client's error, and its request, are let go
                if isinstance(decided, CollectionError):
                    raise decided
                self._sleep(decided)

        async def atried(*args: Any, **kwargs: Any) -> Any:
            async with self._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(IN_FLIGHT)):
                return await in_turn(*args, **kwargs)

        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            attempts = _Attempts(self._plain, self._policy, name, _collection(args, kwargs))
            while True:
                try:
                    return await method(*args, **kwargs)
                except Exception as error:
                    if (decided := attempts.after(error)) is None:
                        raise
                if isinstance(decided, CollectionError):
                    raise decided
                await self._asleep(decided)

        return atried if inspect.iscoroutinefunction(method) else tried


class _Attempts:
    """The attempts at one call so far."""

    def __init__(
        self,
        client: QdrantClient | AsyncQdrantClient,
        policy: RetryPolicy,
        method: str,
        collection: str | None,
    ) -> None:
        self._remote: Any = client._client
        self._policy = policy
        self._method = method
        self._collection = collection
        self._failed = 0
        self._began = time.monotonic()

    def after(self, error: Exception) -> float | CollectionError | None:
        """What to do about a failure: wait so many seconds, or raise this, or, for None, let it pass."""
        failure = read_failure(error, method=self._method)
        if failure is None:
            return None
        self._failed += 1
        seconds = time.monotonic() - self._began
        repeatable = self._method in REPEATABLE
        wait = None
        if failure.passing and (repeatable or failure.undone):
            wait = self._policy.wait(
                self._failed,
                elapsed=seconds,
                asked=failure.asked,
                chance=random.random(),  # noqa: S311  # spreads clients out; nothing secret hangs on it
            )
        told = failure.to_error(
            self._method,
            collection=self._collection,
            url=self._remote.rest_uri,
            attempts=self._failed,
            seconds=seconds,
            repeatable=repeatable,
            secrets=_secrets(self._remote),
        )
        if wait is None:
            return told
        _logger.warning("%s Trying again in %.1f s.", str(told).removesuffix(failure.advice).strip(), wait)
        return wait


def _collection(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The collection a call is about, by name or as its first argument."""
    name = kwargs.get("collection_name", args[0] if args else None)
    return name if isinstance(name, str) else None


def _secrets(remote: Any) -> list[str]:
    """Values of the headers sent, but for the one that names the client."""
    headers: dict[str, str] = getattr(remote, "_rest_headers", {})
    return [value for name, value in headers.items() if name.lower() != "user-agent" and value]

from __future__ import annotations

import asyncio

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware.qdrant.calls import Steps, ThreadedClient, arun, call, is_local, run


def names() -> Steps[list[str]]:
    reply = yield call("get_collections")
    return [found.name for found in reply.collections]


def first_existing(*candidates: str) -> Steps[str]:
    for name in candidates:
        try:
            yield call("get_collection", collection_name=name)
        except ValueError:
            continue
        return name
    return ""


def test_the_same_steps_run_on_the_sync_and_the_async_client():
    assert run(QdrantClient(":memory:"), names()) == []
    assert asyncio.run(arun(AsyncQdrantClient(":memory:"), names())) == []


def test_an_engines_error_surfaces_inside_the_steps():
    assert run(QdrantClient(":memory:"), first_existing("a", "b")) == ""
    assert asyncio.run(arun(AsyncQdrantClient(":memory:"), first_existing("a", "b"))) == ""


def test_an_error_the_steps_do_not_handle_reaches_the_caller():
    def steps() -> Steps[None]:
        yield call("get_collection", collection_name="absent")

    with pytest.raises(ValueError, match="absent"):
        run(QdrantClient(":memory:"), steps())


def test_a_threaded_client_shows_the_sync_clients_data_to_async_code():
    client = QdrantClient(":memory:")
    threaded = ThreadedClient(client)
    assert asyncio.run(arun(threaded, names())) == []  # type: ignore[arg-type]


def test_local_mode_is_told_from_a_server():
    assert is_local(QdrantClient(":memory:"))
    assert is_local(AsyncQdrantClient(":memory:"))
    assert not is_local(QdrantClient(url="http://127.0.0.1:1", check_compatibility=False))
